"""An entry of a user: its file has a line for each mistake that tests make in it."""

from __future__ import annotations

OWN_ENTRY = """\
id: gate-restarts
status: stable
strongest: confirmed
title: {en: The gate restarts, zh: gate 反复重启}
severity: warning
signatures: ["gate <pod> restarts over and over again"]
reads:
  runs: {probe: containers, args: {ended: true, steady: true}}
evidence:
  - id: failed
    each: runs
    when: row.end_reason == "Error" && row.exit_code == 3
    decisive: true
    says: {en: "{row.pod} ended: {row.exit_code} ({row.end_reason})", zh: "{row.pod}: {row.exit_code}"}
    table: [pod, end_reason, state]
    otherwise: {says: {en: it runs, zh: 正在运行}}
root_cause: {en: It fails., zh: 出错。}
impact: {en: None., zh: 无。}
runbook: [{says: {en: Look at its log., zh: 查看日志。}}]
examples:
  match:
    - gate gate-0 in namespace edge restarts over and over again
    - "alert: gate gate-1 restarts over and over again"
    - gate gate-2 in namespace edge restarts over and over again since noon
  other: [all is well here, nothing is wrong]
cases:
  - name: it fails
    given:
      objects:
        - kind: Pod
          metadata: {name: gate-0, namespace: edge}
          spec: {containers: [{name: gate, image: "gate:1"}]}
          status:
            phase: Running
            containerStatuses:
              - name: gate
                ready: false
                restartCount: 4
                state: {running: {startedAt: -10s}}
                lastState: {terminated: {exitCode: 3, reason: Error, startedAt: -2m, finishedAt: -1m}}
    then: confirmed
  - name: it runs
    like: it fails
    healthy: true
    change:
      - object: Pod/edge/gate-0
        merge:
          status:
            containerStatuses:
              - {name: gate, ready: true, restartCount: 0, state: {running: {startedAt: -3h}}}
    then: ruled out
"""
