"""Name the query of Prometheus that tells what an alert is about, where the Kubernetes API does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from intents.gaps import Gap, GapReason

# `@` stands for the labels of the alert's time series.
_QUERIES: Final[Mapping[str, str]] = {
    "CPUThrottlingHigh": (
        "increase(container_cpu_cfs_throttled_periods_total@[5m]) / increase(container_cpu_cfs_periods_total@[5m])"
    ),
    "NodeFilesystemSpaceFillingUp": "node_filesystem_avail_bytes@ / node_filesystem_size_bytes@",
    "NodeFilesystemAlmostOutOfSpace": "node_filesystem_avail_bytes@ / node_filesystem_size_bytes@",
    "NodeFilesystemFilesFillingUp": "node_filesystem_files_free@ / node_filesystem_files@",
    "NodeFilesystemAlmostOutOfFiles": "node_filesystem_files_free@ / node_filesystem_files@",
    "NodeNetworkReceiveErrs": "rate(node_network_receive_errs_total@[2m])",
    "NodeNetworkTransmitErrs": "rate(node_network_transmit_errs_total@[2m])",
    "NodeHighNumberConntrackEntriesUsed": "node_nf_conntrack_entries@ / node_nf_conntrack_entries_limit@",
    "NodeBondingDegraded": "node_bonding_slaves@ - node_bonding_active@",
    "NodeClockSkewDetected": "node_timex_offset_seconds@",
    "NodeClockNotSynchronising": "node_timex_sync_status@",
    "NodeRAIDDegraded": "node_md_disks_required@ - ignoring(state) node_md_disks@",
    "NodeRAIDDiskFailure": "node_md_disks@",
    "NodeDiskIOSaturation": "rate(node_disk_io_time_weighted_seconds_total@[5m])",
    "NodeCPUHighUsage": "sum by (mode) (rate(node_cpu_seconds_total@[2m]))",
    "NodeSystemSaturation": "node_load1@",
    "NodeMemoryMajorPagesFaults": "rate(node_vmstat_pgmajfault@[5m])",
    "NodeMemoryHighUtilization": "1 - node_memory_MemAvailable_bytes@ / node_memory_MemTotal_bytes@",
    "NodeFileDescriptorLimit": "node_filefd_allocated@ / node_filefd_maximum@",
    "NodeSystemdServiceFailed": "node_systemd_unit_state@",
    "NodeSystemdServiceCrashlooping": "increase(node_systemd_service_restart_total@[5m])",
    "NodeTextFileCollectorScrapeError": "node_textfile_scrape_error@",
    "KubeletPlegDurationHigh": "rate(kubelet_pleg_relist_duration_seconds_sum@[5m])",
    "KubeletPodStartUpLatencyHigh": "rate(kubelet_pod_worker_duration_seconds_sum@[5m])",
    "KubeletClientCertificateExpiration": "kubelet_certificate_manager_client_ttl_seconds@",
    "KubeletServerCertificateExpiration": "kubelet_certificate_manager_server_ttl_seconds@",
}
METRICS_ONLY: Final = frozenset(_QUERIES)
_SERIES: Final = ("namespace", "pod", "container", "instance", "device", "mountpoint", "master", "name", "state")
# The exporter's own place is no label of what it measures.
_OF_EXPORTER: Final = frozenset({"namespace", "pod", "container"})
_PLAIN: Final = re.compile(r"[\w./:@-]{1,100}")


def unseen_by(labels: Mapping[str, str]) -> tuple[Gap, ...]:
    """Return what the Kubernetes API cannot tell about an alert, with the query that can; () for any other alert."""
    name = labels.get("alertname", "")
    query = _QUERIES.get(name)
    if query is None:
        return ()
    beside = _OF_EXPORTER if labels.get("instance") else frozenset()
    series = {each: labels[each] for each in _SERIES if each not in beside and _PLAIN.fullmatch(labels.get(each, ""))}
    selector = "{" + ", ".join(f'{label}="{value}"' for label, value in series.items()) + "}"
    asked = query.replace("@", selector if series else "")
    return (Gap(what=f"the metric behind {name}", reason=GapReason.ONLY_METRICS, detail=asked),)
