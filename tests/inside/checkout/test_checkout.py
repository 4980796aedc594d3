"""What git says about a folder, asked of real repositories."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checkout import Checkout, detect, version
from harness.errors import EnvironmentProblem

ALONE = {  # neither the person's nor the machine's settings
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "protocol.file.allow=always", "-C", str(folder), *arguments]
    return subprocess.run(
        command, env=ALONE, check=True, capture_output=True, text=True, timeout=30
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit on the branch `feat/x`, with a file, a program and a link."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=feat/x")
    (root / "file").write_text("1\n")
    (root / "program").write_text("#!/bin/sh\n")
    (root / "link").symlink_to("file")
    (root / ".gitignore").write_text("ignored/\n")
    commit(root)
    return root


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(root, "rev-parse", "HEAD")


def look(folder: Path, **environ: str) -> Checkout:
    return detect(folder, {**ALONE, **environ})


def test_a_clean_repository_is_its_commit_and_branch(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert look(repository) == Checkout(commit=head, branch="feat/x")
    assert version(look(repository)) == head
    assert re.fullmatch("[0-9a-f]{40}", head)


def test_a_folder_below_belongs_to_its_repository(repository: Path) -> None:
    (repository / "a" / "b").mkdir(parents=True)
    assert look(repository / "a" / "b") == look(repository)
    (repository / "elsewhere").touch()
    assert look(repository / "a" / "b").dirty


def test_where_there_is_no_repository_nothing_is_made_up(tmp_path: Path) -> None:
    assert look(tmp_path) == Checkout()


def test_where_there_is_no_git_nothing_is_made_up(repository: Path, tmp_path: Path) -> None:
    assert look(repository, PATH=str(tmp_path / "nothing")) == Checkout()


def test_a_repository_without_a_commit_has_no_version(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").touch()
    assert look(tmp_path) == Checkout()


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert look(repository) == Checkout(commit=git(repository, "rev-parse", "HEAD"))


def test_a_shallow_clone_is_its_commit(repository: Path, tmp_path: Path) -> None:
    head = commit(repository)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    assert look(tmp_path / "clone") == Checkout(commit=head, branch="feat/x")


def test_a_second_worktree_has_its_own_branch_and_changes(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    (repository / "file").write_text("2\n")
    assert look(tmp_path / "tree") == Checkout(commit=look(repository).commit, branch="other")


def test_a_folder_that_its_repository_ignores_is_not_named_by_its_commit(repository: Path) -> None:
    project = repository / "ignored" / "project"
    project.mkdir(parents=True)
    assert look(project) == Checkout()


def test_inside_the_repository_s_own_folder_nothing_is_made_up(repository: Path) -> None:
    assert look(repository / ".git") == Checkout()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="missing"):
        look(tmp_path / "missing")


def test_a_repository_that_git_refuses_to_read_is_an_error_with_the_remedy(repository: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        look(repository, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert "dubious ownership" in str(caught.value)
    assert "safe.directory" in str(caught.value)


def test_a_hook_of_another_repository_does_not_choose_the_repository(repository: Path, tmp_path: Path) -> None:
    assert look(tmp_path, GIT_DIR=str(repository / ".git"), GIT_WORK_TREE=str(repository)) == Checkout()


def test_a_person_s_settings_do_not_hide_changes(repository: Path, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[status]\n showUntrackedFiles = no\n renames = copies\n[core]\n quotePath = true\n")
    (repository / "new").touch()
    assert look(repository, GIT_CONFIG_GLOBAL=str(settings)).dirty


# --- dirty trees ---------------------------------------------------------------------------------------------


def change_file(root: Path) -> None:
    (root / "file").write_text("2\n")


def stage_file(root: Path) -> None:
    (root / "file").write_text("3\n")
    git(root, "add", "file")


def delete_file(root: Path) -> None:
    (root / "file").unlink()


def make_program(root: Path) -> None:
    (root / "file").chmod(0o755)


def point_link(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("program")


def link_to_text(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").write_text("file")


def file_to_folder(root: Path) -> None:
    (root / "file").unlink()
    (root / "file").mkdir()
    (root / "file" / "inner").touch()


def add_file(root: Path) -> None:
    (root / "new").write_text("1\n")


def add_program(root: Path) -> None:
    add_file(root)
    (root / "new").chmod(0o755)


def add_other_file(root: Path) -> None:
    (root / "new").write_text("2\n")


def add_empty_file(root: Path) -> None:
    (root / "new").touch()


def rename(root: Path) -> None:
    git(root, "mv", "file", "moved")


def odd_name(root: Path) -> None:
    (root / 'new\nline\t"quoted" é🦊 -> file').touch()


def other_odd_name(root: Path) -> None:
    (root / os.fsdecode(b"not utf-8 \xff")).touch()


def dangling_link(root: Path) -> None:
    (root / "new").symlink_to("nowhere")


def nested_repository(root: Path) -> None:
    (root / "nested").mkdir()
    git(root / "nested", "init", "--quiet")
    (root / "nested" / "file").write_text("1")


def other_nested_repository(root: Path) -> None:
    nested_repository(root)
    (root / "nested" / "file").write_text("2")


CHANGES: list[Callable[[Path], None]] = [
    change_file,
    stage_file,
    delete_file,
    make_program,
    point_link,
    link_to_text,
    file_to_folder,
    add_file,
    add_program,
    add_other_file,
    add_empty_file,
    rename,
    odd_name,
    other_odd_name,
    dangling_link,
    nested_repository,
    other_nested_repository,
]


def fresh(source: Path, target: Path) -> Path:
    git(target.parent, "clone", "--quiet", str(source), str(target))
    return target


def test_every_change_makes_a_version_of_its_own_and_the_same_change_the_same(
    repository: Path, tmp_path: Path
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    seen: dict[str, str] = {}
    for change in CHANGES:
        keys = set()
        for n in (1, 2):
            copy = fresh(repository, tmp_path / f"{change.__name__}-{n}")
            change(copy)
            checkout = look(copy)
            assert checkout.dirty, change
            assert (checkout.commit, checkout.branch) == (head, "feat/x")
            assert re.fullmatch(rf"{head}\+dirty\.[0-9a-f]{{12}}", version(checkout))
            keys.add(checkout.dirty_key)
        assert len(keys) == 1, change
        seen[change.__name__] = keys.pop()
    assert len(set(seen.values())) == len(CHANGES), seen


def test_a_change_is_the_same_whether_it_is_staged_or_not(repository: Path) -> None:
    change_file(repository)
    add_file(repository)
    before = look(repository)
    git(repository, "add", "--all")
    assert look(repository) == before


def test_a_change_that_is_undone_leaves_the_commit(repository: Path) -> None:
    clean = look(repository)
    change_file(repository)
    assert look(repository) != clean
    (repository / "file").write_text("1\n")
    assert look(repository) == clean


def test_looking_changes_nothing(repository: Path) -> None:
    index = repository / ".git" / "index"
    os.utime(repository / "file", (1, 1))  # git would refresh its index
    before = index.read_bytes()
    assert not look(repository).dirty
    assert index.read_bytes() == before


@pytest.mark.parametrize("path", [".harness/ledger.db", "services/.harness/x", "a/__pycache__/m.pyc"])
def test_what_running_leaves_behind_is_no_change(repository: Path, path: str) -> None:
    (repository / path).parent.mkdir(parents=True)
    (repository / path).write_text("x")
    assert not look(repository).dirty


def test_a_conflict_is_a_change(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "other")
    (repository / "file").write_text("theirs\n")
    commit(repository)
    git(repository, "checkout", "--quiet", "feat/x")
    (repository / "file").write_text("ours\n")
    commit(repository)
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "other")
    assert look(repository).dirty


@pytest.fixture
def with_submodule(repository: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(repository), "library")
    git(repository, "submodule", "--quiet", "add", str(tmp_path / "library"), "library")
    git(repository, "config", "--file", ".gitmodules", "submodule.library.ignore", "all")
    commit(repository)
    return repository


def test_a_submodule_is_a_repository_of_its_own(with_submodule: Path) -> None:
    assert not look(with_submodule).dirty
    assert look(with_submodule / "library").commit == git(with_submodule / "library", "rev-parse", "HEAD")


def test_a_change_in_a_submodule_is_a_change_of_the_whole(with_submodule: Path) -> None:
    keys = []
    for text in ("2", "3"):
        (with_submodule / "library" / "file").write_text(text)
        keys.append(look(with_submodule).dirty_key)
    commit(with_submodule / "library")
    keys.append(look(with_submodule).dirty_key)
    assert all(keys)
    assert len(set(keys)) == 3


def test_a_submodule_that_was_never_fetched_is_no_change(with_submodule: Path, tmp_path: Path) -> None:
    assert not look(fresh(with_submodule, tmp_path / "copy")).dirty


def test_a_changed_file_that_cannot_be_read_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    add_file(repository)
    monkeypatch.setattr(Path, "open", locked)  # root, who may run the tests, reads everything
    with pytest.raises(EnvironmentProblem, match="new: a changed file cannot be read: Permission denied"):
        look(repository)


# --- git and CI together -------------------------------------------------------------------------------------


def in_ci(sha: str, branch: str = "main") -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": sha,
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "1",
    }


def test_ci_names_the_branch_of_a_detached_head(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "--detach")
    assert look(repository, **in_ci(head)) == Checkout(
        commit=head,
        branch="main",
        build_url="https://github.com/a/b/actions/runs/1",
        ci="GitHub Actions",
    )


def test_the_files_at_hand_name_the_commit_even_when_ci_names_another(repository: Path) -> None:
    told = look(repository, **in_ci("f" * 40))
    assert told.commit == git(repository, "rev-parse", "HEAD")
    assert told.branch == "feat/x"


def test_without_a_repository_ci_names_the_commit(tmp_path: Path) -> None:
    told = look(tmp_path, **in_ci("f" * 40))
    assert (told.commit, told.branch, told.dirty) == ("f" * 40, "main", False)
