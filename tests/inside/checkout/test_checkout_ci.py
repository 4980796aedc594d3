"""What the variables of CI services say, by realistic sets of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkout import Checkout, CiBuild, from_ci, version

SHA = "9f2c4a7be01d3f5568a4bb0c1d2e3f4051627384"

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/orders",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_SHA": SHA,
    "GITHUB_HEAD_REF": "",
    "GITHUB_BASE_REF": "",
}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_COMMIT_SHA": SHA,
    "CI_JOB_URL": "https://gitlab.com/acme/orders/-/jobs/17",
    "CI_PIPELINE_URL": "https://gitlab.com/acme/orders/-/pipelines/9",
}
JENKINS = {
    "JENKINS_URL": "https://ci.acme.example/",
    "BUILD_URL": "https://ci.acme.example/job/orders/12/",
    "GIT_COMMIT": SHA,
}
CIRCLE = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/a/o/5",
}
AZURE = {
    "TF_BUILD": "True",
    "BUILD_SOURCEVERSION": SHA,
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "Web Shop",
    "BUILD_BUILDID": "77",
}
BUILDKITE = {
    "CI": "true",
    "BUILDKITE": "true",
    "BUILDKITE_COMMIT": SHA,
    "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/orders/builds/3",
}
BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BUILD_NUMBER": "41",
    "BITBUCKET_COMMIT": SHA,
    "BITBUCKET_REPO_FULL_NAME": "acme/orders",
    "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/orders",
}
TRAVIS = {
    "CI": "true",
    "TRAVIS": "true",
    "TRAVIS_COMMIT": SHA,
    "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/orders/builds/8",
}

CODEBUILD = {
    "CODEBUILD_BUILD_ID": "orders:1a2b",
    "CODEBUILD_BUILD_URL": "https://console.aws.example/orders/1a2b",
    "CODEBUILD_RESOLVED_SOURCE_VERSION": SHA,
}
TEAMCITY = {"TEAMCITY_VERSION": "2025.07", "BUILD_VCS_NUMBER": SHA, "BUILD_URL": "https://tc.acme.example/build/9"}
DRONE = {
    "CI": "true",
    "DRONE": "true",
    "DRONE_COMMIT_SHA": SHA,
    "DRONE_BUILD_LINK": "https://drone.acme.example/4",
}
WOODPECKER = {
    "CI": "woodpecker",
    "CI_COMMIT_SHA": SHA,
    "CI_PIPELINE_URL": "https://ci.acme.example/repos/1/pipeline/4",
}
SEMAPHORE = {
    "CI": "true",
    "SEMAPHORE": "true",
    "SEMAPHORE_GIT_SHA": SHA,
    "SEMAPHORE_ORGANIZATION_URL": "https://acme.semaphoreci.com",
    "SEMAPHORE_WORKFLOW_ID": "65c3",
}
APPVEYOR = {
    "CI": "True",
    "APPVEYOR": "True",
    "APPVEYOR_REPO_COMMIT": SHA,
    "APPVEYOR_URL": "https://ci.appveyor.com",
    "APPVEYOR_ACCOUNT_NAME": "acme",
    "APPVEYOR_PROJECT_SLUG": "orders",
    "APPVEYOR_BUILD_ID": "77",
}
CIRRUS = {"CI": "true", "CIRRUS_CI": "true", "CIRRUS_CHANGE_IN_REPO": SHA, "CIRRUS_BUILD_ID": "55"}

RUN = "https://github.com/acme/orders/actions/runs/1658821493"
AZURE_RUN = "https://dev.azure.com/acme/Web%20Shop/_build/results?buildId=77"


def build(ci: str, branch: str, url: str, commit: str = SHA) -> CiBuild:
    return CiBuild(ci=ci, commit=commit, branch=branch, url=url)


CASES = {
    "desk": ({"HOME": "/root", "CI": ""}, CiBuild()),
    "an unknown service": ({"CI": "true"}, CiBuild()),
    "github, push": (
        {**GITHUB, "GITHUB_REF": "refs/heads/feature/x", "GITHUB_REF_NAME": "feature/x"},
        build("GitHub Actions", "feature/x", RUN),
    ),
    "github, pull request": (
        {**GITHUB, "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "fix/y", "GITHUB_BASE_REF": "main"},
        build("GitHub Actions", "fix/y", RUN),
    ),
    "github, tag": (
        {**GITHUB, "GITHUB_REF": "refs/tags/v1.2", "GITHUB_REF_NAME": "v1.2", "GITHUB_REF_TYPE": "tag"},
        build("GitHub Actions", "", RUN),
    ),
    "github, second attempt": (
        {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_ATTEMPT": "2"},
        build("GitHub Actions", "main", RUN + "/attempts/2"),
    ),
    "github, a branch called like a tag": (
        {**GITHUB, "GITHUB_REF": "refs/heads/refs/tags/v1"},
        build("GitHub Actions", "refs/tags/v1", RUN),
    ),
    "gitlab, push": (
        {**GITLAB, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"},
        build("GitLab CI", "main", GITLAB["CI_JOB_URL"]),
    ),
    "gitlab, merge request": (
        {
            **GITLAB,
            "CI_COMMIT_REF_NAME": "refs/merge-requests/3/head",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix/y",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        build("GitLab CI", "fix/y", GITLAB["CI_JOB_URL"]),
    ),
    "gitlab, tag": (
        {**GITLAB, "CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"},
        build("GitLab CI", "", GITLAB["CI_JOB_URL"]),
    ),
    "jenkins, git plugin": (
        {**JENKINS, "GIT_BRANCH": "origin/feature/x"},
        build("Jenkins", "feature/x", JENKINS["BUILD_URL"]),
    ),
    "jenkins, multibranch": (
        {**JENKINS, "BRANCH_NAME": "main", "GIT_BRANCH": "main"},
        build("Jenkins", "main", JENKINS["BUILD_URL"]),
    ),
    "jenkins, pull request": (
        {**JENKINS, "BRANCH_NAME": "PR-12", "CHANGE_BRANCH": "fix/y", "CHANGE_TARGET": "main"},
        build("Jenkins", "fix/y", JENKINS["BUILD_URL"]),
    ),
    "jenkins, tag": (
        {**JENKINS, "BRANCH_NAME": "v1.2", "TAG_NAME": "v1.2"},
        build("Jenkins", "", JENKINS["BUILD_URL"]),
    ),
    "jenkins, detached": ({**JENKINS, "GIT_BRANCH": "detached"}, build("Jenkins", "", JENKINS["BUILD_URL"])),
    "circle, push": (
        {**CIRCLE, "CIRCLE_BRANCH": "main"},
        build("CircleCI", "main", CIRCLE["CIRCLE_BUILD_URL"]),
    ),
    "circle, tag": ({**CIRCLE, "CIRCLE_TAG": "v1"}, build("CircleCI", "", CIRCLE["CIRCLE_BUILD_URL"])),
    "azure, push": (
        {**AZURE, "BUILD_SOURCEBRANCH": "refs/heads/feature/x", "BUILD_SOURCEBRANCHNAME": "x"},
        build("Azure Pipelines", "feature/x", AZURE_RUN),
    ),
    "azure, pull request": (
        {
            **AZURE,
            "BUILD_SOURCEBRANCH": "refs/pull/1/merge",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix/y",
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
        },
        build("Azure Pipelines", "fix/y", AZURE_RUN),
    ),
    "azure, tag": ({**AZURE, "BUILD_SOURCEBRANCH": "refs/tags/v1"}, build("Azure Pipelines", "", AZURE_RUN)),
    "buildkite, push": (
        {**BUILDKITE, "BUILDKITE_BRANCH": "main", "BUILDKITE_TAG": ""},
        build("Buildkite", "main", BUILDKITE["BUILDKITE_BUILD_URL"]),
    ),
    "buildkite, by hand": (
        {**BUILDKITE, "BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD"},
        build("Buildkite", "main", BUILDKITE["BUILDKITE_BUILD_URL"], commit=""),
    ),
    "buildkite, tag": (
        {**BUILDKITE, "BUILDKITE_BRANCH": "v1", "BUILDKITE_TAG": "v1"},
        build("Buildkite", "", BUILDKITE["BUILDKITE_BUILD_URL"]),
    ),
    "bitbucket, push": (
        {**BITBUCKET, "BITBUCKET_BRANCH": "main"},
        build("Bitbucket Pipelines", "main", "https://bitbucket.org/acme/orders/pipelines/results/41"),
    ),
    "travis, push": (
        {**TRAVIS, "TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "false", "TRAVIS_PULL_REQUEST_BRANCH": ""},
        build("Travis CI", "main", TRAVIS["TRAVIS_BUILD_WEB_URL"]),
    ),
    "travis, pull request": (
        {**TRAVIS, "TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "5", "TRAVIS_PULL_REQUEST_BRANCH": "fix/y"},
        build("Travis CI", "fix/y", TRAVIS["TRAVIS_BUILD_WEB_URL"]),
    ),
    "travis, tag": (
        {**TRAVIS, "TRAVIS_BRANCH": "v1", "TRAVIS_TAG": "v1"},
        build("Travis CI", "", TRAVIS["TRAVIS_BUILD_WEB_URL"]),
    ),
    "codebuild, push": (
        {
            **CODEBUILD,
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/feature/x",
            "CODEBUILD_WEBHOOK_TRIGGER": "branch/feature/x",
        },
        build("AWS CodeBuild", "feature/x", CODEBUILD["CODEBUILD_BUILD_URL"]),
    ),
    "codebuild, pull request": (
        {
            **CODEBUILD,
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/fix/y",
            "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
            "CODEBUILD_WEBHOOK_TRIGGER": "pr/12",
        },
        build("AWS CodeBuild", "fix/y", CODEBUILD["CODEBUILD_BUILD_URL"]),
    ),
    "codebuild, tag": (
        {
            **CODEBUILD,
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/tags/v1",
            "CODEBUILD_WEBHOOK_TRIGGER": "tag/v1",
        },
        build("AWS CodeBuild", "", CODEBUILD["CODEBUILD_BUILD_URL"]),
    ),
    "codebuild, by hand": (
        {**CODEBUILD, "CODEBUILD_SOURCE_VERSION": "refs/heads/main"},
        build("AWS CodeBuild", "main", CODEBUILD["CODEBUILD_BUILD_URL"]),
    ),
    "codebuild, a commit by hand": (
        {**CODEBUILD, "CODEBUILD_SOURCE_VERSION": SHA},
        build("AWS CodeBuild", "", CODEBUILD["CODEBUILD_BUILD_URL"]),
    ),
    "teamcity, the branch passed on": (
        {**TEAMCITY, "TEAMCITY_BUILD_BRANCH": "refs/heads/main"},
        build("TeamCity", "main", TEAMCITY["BUILD_URL"]),
    ),
    "teamcity": (TEAMCITY, build("TeamCity", "", TEAMCITY["BUILD_URL"])),
    "drone, push": ({**DRONE, "DRONE_BRANCH": "main"}, build("Drone", "main", DRONE["DRONE_BUILD_LINK"])),
    "drone, pull request": (
        {**DRONE, "DRONE_BRANCH": "main", "DRONE_SOURCE_BRANCH": "fix/y", "DRONE_TARGET_BRANCH": "main"},
        build("Drone", "fix/y", DRONE["DRONE_BUILD_LINK"]),
    ),
    "drone, tag": (
        {**DRONE, "DRONE_BRANCH": "main", "DRONE_TAG": "v1"},
        build("Drone", "", DRONE["DRONE_BUILD_LINK"]),
    ),
    "woodpecker, push": (
        {**WOODPECKER, "CI_COMMIT_BRANCH": "main"},
        build("Woodpecker", "main", WOODPECKER["CI_PIPELINE_URL"]),
    ),
    "woodpecker, pull request": (
        {**WOODPECKER, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SOURCE_BRANCH": "fix/y"},
        build("Woodpecker", "fix/y", WOODPECKER["CI_PIPELINE_URL"]),
    ),
    "woodpecker, tag": (
        {**WOODPECKER, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_TAG": "v1"},
        build("Woodpecker", "", WOODPECKER["CI_PIPELINE_URL"]),
    ),
    "semaphore, push": (
        {**SEMAPHORE, "SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_REF_TYPE": "branch"},
        build("Semaphore", "main", "https://acme.semaphoreci.com/workflows/65c3"),
    ),
    "semaphore, pull request": (
        {**SEMAPHORE, "SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_PR_BRANCH": "fix/y"},
        build("Semaphore", "fix/y", "https://acme.semaphoreci.com/workflows/65c3"),
    ),
    "semaphore, tag": (
        {**SEMAPHORE, "SEMAPHORE_GIT_BRANCH": "v1", "SEMAPHORE_GIT_REF_TYPE": "tag"},
        build("Semaphore", "", "https://acme.semaphoreci.com/workflows/65c3"),
    ),
    "appveyor, push": (
        {**APPVEYOR, "APPVEYOR_REPO_BRANCH": "main"},
        build("AppVeyor", "main", "https://ci.appveyor.com/project/acme/orders/builds/77"),
    ),
    "appveyor, pull request": (
        {**APPVEYOR, "APPVEYOR_REPO_BRANCH": "main", "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH": "fix/y"},
        build("AppVeyor", "fix/y", "https://ci.appveyor.com/project/acme/orders/builds/77"),
    ),
    "appveyor, tag": (
        {**APPVEYOR, "APPVEYOR_REPO_BRANCH": "v1", "APPVEYOR_REPO_TAG": "true"},
        build("AppVeyor", "", "https://ci.appveyor.com/project/acme/orders/builds/77"),
    ),
    "cirrus, push": (
        {**CIRRUS, "CIRRUS_BRANCH": "main"},
        build("Cirrus CI", "main", "https://cirrus-ci.com/build/55"),
    ),
    "cirrus, pull request": (
        {**CIRRUS, "CIRRUS_BRANCH": "pull/12", "CIRRUS_PR": "12", "CIRRUS_BASE_BRANCH": "main"},
        build("Cirrus CI", "", "https://cirrus-ci.com/build/55"),
    ),
    "cirrus, tag": (
        {**CIRRUS, "CIRRUS_BRANCH": "main", "CIRRUS_TAG": "v1"},
        build("Cirrus CI", "", "https://cirrus-ci.com/build/55"),
    ),
}


@pytest.mark.parametrize(("environ", "expected"), CASES.values(), ids=CASES)
def test_each_ci_service_is_understood(environ: dict[str, str], expected: CiBuild) -> None:
    assert from_ci(environ) == expected


@pytest.mark.parametrize(
    "marker", ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BUILDKITE", "TRAVIS", "DRONE", "SEMAPHORE", "CIRRUS_CI"]
)
def test_a_service_that_says_almost_nothing_gives_almost_nothing(marker: str) -> None:
    told = from_ci({marker: "true"})
    assert told.ci
    assert (told.commit, told.branch, told.url) == ("", "", "")


@pytest.mark.parametrize("value", ["false", "False", "0", ""])
def test_a_marker_that_says_no_is_no_marker(value: str) -> None:
    assert from_ci({**GITHUB, "GITHUB_ACTIONS": value}) == CiBuild()


def test_the_version_of_a_clean_tree_is_its_commit() -> None:
    assert version(Checkout(commit=SHA)) == SHA


def test_the_version_of_a_dirty_tree_tells_its_changes_too() -> None:
    assert version(Checkout(commit=SHA, dirty=True, dirty_key="ab" * 32)) == f"{SHA}+dirty.abababababab"


def test_nothing_is_called_by_a_commit_that_is_not_there() -> None:
    assert version(Checkout(dirty=True, dirty_key="ab" * 32)) == ""


@given(st.dictionaries(st.sampled_from(sorted({k for env, _ in CASES.values() for k in env})), st.text()))
def test_no_environment_makes_it_stumble(environ: dict[str, str]) -> None:
    assert isinstance(from_ci(environ), CiBuild)
