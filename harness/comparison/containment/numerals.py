"""Numbers as they are written, as regular expressions: all of a kind, and those on one side of a whole number."""

from __future__ import annotations

from harness.comparison.containment.automata import BeyondAutomata

PLAIN = r"^[+-]?(\d+(\.\d*)?|\.\d+)$"  # what is read as a number, without an exponent
WHOLE = r"^[+-]?(\d+(\.0*)?|\.0+)$"
CANONICAL = r"^(0|-?[1-9]\d*|-?(0|[1-9]\d*)\.\d*[1-9])$"  # as programs write them

_ANY_SIZE = r"(\d+(\.\d*)?|\.\d+)"
_ZERO = r"(0+(\.0*)?|\.0+)"


def exactly(number: float) -> str:
    """The ways to write one number, without an exponent."""
    text = repr(number)
    if not text.lstrip("-").replace(".", "", 1).isdigit():
        raise BeyondAutomata(text)
    if number == 0:
        return f"^[+-]?{_ZERO}$"
    whole, _, rest = text.lstrip("-").partition(".")
    sign, rest, digits = "-" if number < 0 else r"\+?", rest.rstrip("0"), whole.lstrip("0")
    return rf"^{sign}0*{digits}\.{rest}0*$" if rest else rf"^{sign}0*{digits}(\.0*)?$"


def at_most(border: int) -> str:
    """The ways to write a number that is no larger, without an exponent."""
    if border < 0:
        return f"^-{_no_smaller(-border)}$"
    return rf"^(-{_ANY_SIZE}|\+?{_no_larger(border)})$"


def at_least(border: int) -> str:
    """The ways to write a number that is no smaller, without an exponent."""
    if border > 0:
        return rf"^\+?{_no_smaller(border)}$"
    return rf"^(\+?{_ANY_SIZE}|-{_no_larger(-border)})$"


def _no_larger(size: int) -> str:
    if size == 0:
        return _ZERO
    return rf"(0*({_digits_up_to(size - 1)}(\.\d*)?|{size}(\.0*)?)|\.\d+)"


def _no_smaller(size: int) -> str:
    return _ANY_SIZE if size == 0 else rf"0*{_digits_from(size)}(\.\d*)?"


def _digits_up_to(size: int) -> str:
    text = str(size)
    shorter = [rf"[1-9]\d{{0,{len(text) - 2}}}"] if len(text) > 1 else []
    return f"({'|'.join(['0', *shorter, text, *_beside(text, below=True)])})"


def _digits_from(size: int) -> str:
    text = str(size)
    longer = rf"[1-9]\d{{{len(text)},}}"
    return f"({'|'.join([longer, text, *_beside(text, below=False)])})"


def _beside(text: str, *, below: bool) -> list[str]:
    """Numbers of as many digits that leave a number downwards or upwards at one of its digits."""
    made = []
    for place, digit in enumerate(text):
        low, high = (1 if place == 0 and len(text) > 1 else 0, int(digit) - 1) if below else (int(digit) + 1, 9)
        if low <= high:
            made.append(rf"{text[:place]}[{low}-{high}]\d{{{len(text) - place - 1}}}")
    return made
