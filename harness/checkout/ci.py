"""What the CI service says about the build that runs: commit, branch, and the page of the build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CiBuild:
    """What a CI service says about the build that runs."""

    ci: str = ""
    commit: str = ""
    branch: str = ""  # of a pull request: the branch that it comes from; of a tag: none
    url: str = ""


def from_ci(environ: Mapping[str, str]) -> CiBuild:
    """What the variables of the CI service say; an empty Build on a desk."""
    for marker, read in _SERVICES.items():
        name, _, value = marker.partition("=")
        said = environ.get(name, "").lower()
        if said == value if value else said not in ("", "false", "0"):
            return read(environ)
    return CiBuild()


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _of_ref(ref: str) -> str:
    """The branch of a full reference; a tag or a merge request's own reference is none."""
    return ref.removeprefix("refs/heads/") if not ref.startswith("refs/") or "refs/heads/" in ref else ""


def _github(environ: Mapping[str, str]) -> CiBuild:
    run = environ.get("GITHUB_RUN_ID", "")
    server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
    again = f"/attempts/{attempt}" if attempt not in ("", "1") else ""
    return CiBuild(
        ci="GitHub Actions",
        commit=environ.get("GITHUB_SHA", ""),
        branch=environ.get("GITHUB_HEAD_REF") or _of_ref(environ.get("GITHUB_REF", "")),
        url=f"{server}/{repository}/actions/runs/{run}{again}" if server and repository and run else "",
    )


def _gitlab(environ: Mapping[str, str]) -> CiBuild:
    return CiBuild(
        ci="GitLab CI",
        commit=environ.get("CI_COMMIT_SHA", ""),
        branch=_first(environ, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"),
        url=_first(environ, "CI_JOB_URL", "CI_PIPELINE_URL"),
    )


def _jenkins(environ: Mapping[str, str]) -> CiBuild:
    branch = _first(environ, "CHANGE_BRANCH", "GIT_LOCAL_BRANCH", "BRANCH_NAME")
    remote = environ.get("GIT_BRANCH", "").removeprefix("refs/remotes/").removeprefix("remotes/")
    branch = branch or remote.removeprefix("origin/")
    on_tag = bool(environ.get("TAG_NAME"))
    return CiBuild(
        ci="Jenkins",
        commit=environ.get("GIT_COMMIT", ""),
        branch="" if on_tag or branch in ("HEAD", "detached") else branch,
        url=environ.get("BUILD_URL", ""),
    )


def _circle(environ: Mapping[str, str]) -> CiBuild:
    return CiBuild(
        ci="CircleCI",
        commit=environ.get("CIRCLE_SHA1", ""),
        branch=environ.get("CIRCLE_BRANCH", ""),
        url=environ.get("CIRCLE_BUILD_URL", ""),
    )


def _azure(environ: Mapping[str, str]) -> CiBuild:
    ref = _first(environ, "SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH")
    home = environ.get("SYSTEM_COLLECTIONURI") or environ.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "")
    project, number = environ.get("SYSTEM_TEAMPROJECT", ""), environ.get("BUILD_BUILDID", "")
    known = home and project and number
    return CiBuild(
        ci="Azure Pipelines",
        commit=environ.get("BUILD_SOURCEVERSION", ""),
        branch=_of_ref(ref),
        url=f"{home.rstrip('/')}/{quote(project)}/_build/results?buildId={number}" if known else "",
    )


def _buildkite(environ: Mapping[str, str]) -> CiBuild:
    commit = environ.get("BUILDKITE_COMMIT", "")
    on_tag = bool(environ.get("BUILDKITE_TAG"))
    return CiBuild(
        ci="Buildkite",
        commit="" if commit == "HEAD" else commit,  # a build started by hand may not name its commit
        branch="" if on_tag else environ.get("BUILDKITE_BRANCH", ""),
        url=environ.get("BUILDKITE_BUILD_URL", ""),
    )


def _bitbucket(environ: Mapping[str, str]) -> CiBuild:
    name, number = environ.get("BITBUCKET_REPO_FULL_NAME", ""), environ.get("BITBUCKET_BUILD_NUMBER", "")
    home = environ.get("BITBUCKET_GIT_HTTP_ORIGIN", "").replace("http://", "https://", 1)
    home = home or (f"https://bitbucket.org/{name}" if name else "")
    return CiBuild(
        ci="Bitbucket Pipelines",
        commit=environ.get("BITBUCKET_COMMIT", ""),
        branch=environ.get("BITBUCKET_BRANCH", ""),
        url=f"{home}/pipelines/results/{number}" if home and number else "",
    )


def _travis(environ: Mapping[str, str]) -> CiBuild:
    # TRAVIS_BRANCH is the branch that a pull request goes to, and the name of a tag.
    on_tag = bool(environ.get("TRAVIS_TAG"))
    branch = _first(environ, "TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH")
    return CiBuild(
        ci="Travis CI",
        commit=environ.get("TRAVIS_COMMIT", ""),
        branch="" if on_tag else branch,
        url=environ.get("TRAVIS_BUILD_WEB_URL", ""),
    )


def _codebuild(environ: Mapping[str, str]) -> CiBuild:
    # A trigger names the branch as `branch/main`; a build that no push started says what it was asked to take.
    kind, _, named = environ.get("CODEBUILD_WEBHOOK_TRIGGER", "").partition("/")
    asked = environ.get("CODEBUILD_SOURCE_VERSION", "")
    head = _of_ref(environ.get("CODEBUILD_WEBHOOK_HEAD_REF") or (asked if asked.startswith("refs/") else ""))
    return CiBuild(
        ci="AWS CodeBuild",
        commit=environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", ""),
        branch="" if kind == "tag" else head or (named if kind == "branch" else ""),
        url=environ.get("CODEBUILD_BUILD_URL", ""),
    )


def _teamcity(environ: Mapping[str, str]) -> CiBuild:
    # It tells its branch to no process by itself; this is the name under which teams pass it on.
    return CiBuild(
        ci="TeamCity",
        commit=environ.get("BUILD_VCS_NUMBER", ""),
        branch=_of_ref(_first(environ, "TEAMCITY_BUILD_BRANCH", "BUILD_BRANCH", "GIT_BRANCH")),
        url=environ.get("BUILD_URL", ""),
    )


def _drone(environ: Mapping[str, str]) -> CiBuild:
    # DRONE_BRANCH is the branch that a pull request goes to.
    return CiBuild(
        ci="Drone",
        commit=environ.get("DRONE_COMMIT_SHA", ""),
        branch="" if environ.get("DRONE_TAG") else _first(environ, "DRONE_SOURCE_BRANCH", "DRONE_BRANCH"),
        url=environ.get("DRONE_BUILD_LINK", ""),
    )


def _woodpecker(environ: Mapping[str, str]) -> CiBuild:
    on_tag = bool(environ.get("CI_COMMIT_TAG"))
    return CiBuild(
        ci="Woodpecker",
        commit=environ.get("CI_COMMIT_SHA", ""),
        branch="" if on_tag else _first(environ, "CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_BRANCH"),
        url=_first(environ, "CI_PIPELINE_URL", "CI_BUILD_LINK"),
    )


def _semaphore(environ: Mapping[str, str]) -> CiBuild:
    # SEMAPHORE_GIT_BRANCH is the branch that a pull request goes to, and means nothing on a tag.
    on_tag = environ.get("SEMAPHORE_GIT_REF_TYPE") == "tag"
    home, number = environ.get("SEMAPHORE_ORGANIZATION_URL", ""), environ.get("SEMAPHORE_WORKFLOW_ID", "")
    return CiBuild(
        ci="Semaphore",
        commit=environ.get("SEMAPHORE_GIT_SHA", ""),
        branch="" if on_tag else _first(environ, "SEMAPHORE_GIT_PR_BRANCH", "SEMAPHORE_GIT_BRANCH"),
        url=f"{home}/workflows/{number}" if home and number else "",
    )


def _appveyor(environ: Mapping[str, str]) -> CiBuild:
    # APPVEYOR_REPO_BRANCH is the branch that a pull request goes to.
    on_tag = environ.get("APPVEYOR_REPO_TAG", "").lower() == "true"
    names = ("APPVEYOR_URL", "APPVEYOR_ACCOUNT_NAME", "APPVEYOR_PROJECT_SLUG", "APPVEYOR_BUILD_ID")
    home, account, project, number = (environ.get(name, "") for name in names)
    known = home and account and project and number
    return CiBuild(
        ci="AppVeyor",
        commit=_first(environ, "APPVEYOR_PULL_REQUEST_HEAD_COMMIT", "APPVEYOR_REPO_COMMIT"),
        branch="" if on_tag else _first(environ, "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH", "APPVEYOR_REPO_BRANCH"),
        url=f"{home}/project/{account}/{project}/builds/{number}" if known else "",
    )


def _cirrus(environ: Mapping[str, str]) -> CiBuild:
    # Of a pull request the branch is called `pull/NUMBER`: no branch that anybody works on.
    branch, number = environ.get("CIRRUS_BRANCH", ""), environ.get("CIRRUS_BUILD_ID", "")
    on_branch = not environ.get("CIRRUS_TAG") and not environ.get("CIRRUS_PR")
    return CiBuild(
        ci="Cirrus CI",
        commit=environ.get("CIRRUS_CHANGE_IN_REPO", ""),
        branch=branch if on_branch else "",
        url=f"https://cirrus-ci.com/build/{number}" if number else "",
    )


_SERVICES: dict[str, Callable[[Mapping[str, str]], CiBuild]] = {  # the variable that tells that it runs there
    "GITHUB_ACTIONS": _github,
    "GITLAB_CI": _gitlab,
    "CIRCLECI": _circle,
    "TF_BUILD": _azure,
    "BUILDKITE": _buildkite,
    "BITBUCKET_BUILD_NUMBER": _bitbucket,
    "TRAVIS": _travis,
    "CODEBUILD_BUILD_ID": _codebuild,
    "TEAMCITY_VERSION": _teamcity,
    "DRONE": _drone,
    "SEMAPHORE": _semaphore,
    "APPVEYOR": _appveyor,
    "CIRRUS_CI": _cirrus,
    "CI=woodpecker": _woodpecker,
    "JENKINS_URL": _jenkins,
}
