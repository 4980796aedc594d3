"""Which keys of a compose file are read, which change no answer, and which are named because they could."""

from __future__ import annotations

# What the engine is told in compose's own words.
OPTIONS = (
    "cap_add",
    "cap_drop",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "group_add",
    "init",
    "privileged",
    "read_only",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_signal",
    "sysctls",
    "tty",
    "ulimits",
)
_READ_KEYS = """build image ports expose environment env_file depends_on healthcheck command entrypoint profiles
    extends configs secrets volumes tmpfs working_dir user hostname container_name links networks extra_hosts
    platform stop_grace_period"""
READ = frozenset((*_READ_KEYS.split(), *OPTIONS))
# What decides how much of the machine it gets, who looks at it and when it ends, but not what it answers.
_HARMLESS_KEYS = """annotations attach blkio_config cgroup cgroup_parent cpu_count cpu_percent cpu_period cpu_quota
    cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset deploy develop label_file labels logging mac_address
    mem_limit mem_reservation mem_swappiness memswap_limit oom_kill_disable oom_score_adj pids_limit
    pull_policy restart scale storage_opt"""
HARMLESS = frozenset(_HARMLESS_KEYS.split())
# What can change an answer, is not done here, and is therefore named wherever the service is used.
TOLD = {
    "credential_spec": "",
    "device_cgroup_rules": "",
    "devices": "",
    "external_links": "give the service a 'url', or describe what it calls in this file",
    "gpus": "",
    "ipc": "",
    "isolation": "",
    "models": "",
    "network_mode": "every service has an address of its own in the run's network",
    "pid": "",
    "post_start": "do that work in the service's command, or in a job",
    "pre_stop": "",
    "provider": "",
    "runtime": "",
    "use_api_socket": "",
    "userns_mode": "",
    "uts": "",
    "volume_driver": "",
    "volumes_from": "mount the same folder or volume in both",
}
OF_A_BUILD = frozenset(("context", "dockerfile", "args", "target", "dockerfile_inline", "platforms"))
_HARMLESS_BUILD_KEYS = (
    """cache_from cache_to labels no_cache pull tags shm_size privileged isolation ulimits provenance sbom"""
)
HARMLESS_OF_A_BUILD = frozenset(_HARMLESS_BUILD_KEYS.split())
