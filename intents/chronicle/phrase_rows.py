"""Compile and match tables of phrases.

A row is a regular expression for the text before and after a word of a kind, with `<kind>` in place of the word:
`(?:i|we) (?:won't|will not) <base>`. Word lists are long and rows many, so a row does not contain the list: the words
of a kind are located once per clause, and the row is matched around them. `…<runs>` at the end requires such a word
anywhere later, `<runs>…` at the beginning one anywhere in the clause; `<runs|fault>` is a word of either kind.

The words for parts of a system and for their faults tell a change ("moved the leader to broker-3") from small talk
("moved the meeting to 3 pm").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Start, end and matching group ("": none) of each word of a kind in a text, in order.
Spans = tuple[tuple[int, int, str], ...]
WordFinder = Callable[[str], Spans]
# Clauses are processed one after another, each by many rows and kinds.
_REMEMBERED: Final = 8

# Words that may precede a statement without changing it, up to four times.
_OPENER: Final = (
    r"(?:ok(?:ay)?|alright|right|so|and|then|fyi|hey|hi|all|team|folks|everyone|(?:quick |status )?update|status"
    r"|yes|yep|yeah|sure|cool|great|now|also|heads up|good news|bad news|just|currently|actually|finally|quick one|@\w+"
    r"|well|nvm)\b[\s:,.!-]*"
)
_MOST_OPENERS: Final = 4
OPENING: Final = rf"(?:{_OPENER}){{0,{_MOST_OPENERS}}}"
_ONE_OPENER: Final = re.compile(_OPENER)
_ROW: Final = re.compile(
    r"(?:<(?P<within>[a-z|]+)>…)?(?P<head>.*?)(?:<(?P<word>[a-z]+)>(?P<tail>.*?))?(?:…<(?P<behind>[a-z|]+)>)?"
)


def words(pattern: str, holds: Callable[[str, int], bool] | None = None) -> WordFinder:
    """Return a finder for a pattern's words; with `holds`, only for words at whose end it returns True."""
    compiled = re.compile(pattern)

    @lru_cache(maxsize=_REMEMBERED)
    def spans(text: str) -> Spans:
        found: list[tuple[int, int, str]] = []
        at = 0
        while hit := compiled.search(text, at):
            if holds is None or holds(text, hit.end()):
                found.append((*hit.span(), hit.lastgroup or ""))
            at = hit.start() + 1
        return tuple(found)

    return spans


def either(*kinds: WordFinder) -> WordFinder:
    """Return a finder for the words of several kinds."""

    @lru_cache(maxsize=_REMEMBERED)
    def spans(text: str) -> Spans:
        return tuple(sorted({span for kind in kinds for span in kind(text)}))

    return spans


@lru_cache(maxsize=_REMEMBERED)
def _begins(text: str) -> tuple[int, ...]:
    """Return the positions where a statement may begin: at once, or after opening words."""
    at = [0]
    while len(at) <= _MOST_OPENERS and (opener := _ONE_OPENER.match(text, at[-1])):
        at.append(opener.end())
    return tuple(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseRow:
    """One compiled row. `opened`: opening words may precede it; `within`, `word` and `behind` may be None."""

    head: re.Pattern[str]
    opened: bool
    within: WordFinder | None
    word: WordFinder | None
    tail: re.Pattern[str]
    behind: WordFinder | None

    def end_in(self, text: str) -> int | None:
        """Return the end of the match in a text, or None."""
        for begin in _begins(text) if self.opened else (0,):
            found = self.head.match(text, begin)
            if found is None or (self.within is not None and not self.within(text)):
                continue
            if self.word is not None:
                end = self._end_of_word(text, begin)
            else:
                end = found.end() if self._goes_on(text, found.end()) else None
            if end is not None:
                return end
        return None

    def _end_of_word(self, text: str, begin: int) -> int | None:
        assert self.word is not None
        for start, end, _ in self.word(text):
            if start < begin or self.head.fullmatch(text, begin, start) is None:
                continue
            rest = self.tail.match(text, end)
            if rest is not None and self._goes_on(text, rest.end()):
                return rest.end()
        return None

    def _goes_on(self, text: str, end: int) -> bool:
        return self.behind is None or any(start >= end for start, *_ in self.behind(text))


# A way to say something: a row, or an expression that occurs anywhere.
Way = PhraseRow | re.Pattern[str]


def first_end(ways: Iterable[Way], text: str) -> int | None:
    """Return the end of the first matching way, or None."""
    ends = (way.end_in(text) if isinstance(way, PhraseRow) else _end(way.search(text)) for way in ways)
    return next((end for end in ends if end is not None), None)


def _end(found: re.Match[str] | None) -> int | None:
    return found.end() if found else None


def expressions(texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Compile ways that occur anywhere."""
    return tuple(map(re.compile, texts))


def phrases(rows: Iterable[str], kinds: Mapping[str, WordFinder]) -> tuple[PhraseRow, ...]:
    """Compile rows. A row matches at the beginning or after opening words; one that starts with "^" only at the
    beginning.
    """
    return tuple(_phrase(row, kinds) for row in rows)


def _phrase(row: str, kinds: Mapping[str, WordFinder]) -> PhraseRow:
    parts = _ROW.fullmatch(row)
    assert parts is not None

    def kind(name: str | None) -> WordFinder | None:
        if name is None:
            return None
        return kinds[name] if "|" not in name else either(*(kinds[each] for each in name.split("|")))

    return PhraseRow(
        head=re.compile(parts["head"]),
        opened=not parts["head"].startswith("^"),
        within=kind(parts["within"]),
        word=kind(parts["word"]),
        tail=re.compile(parts["tail"] or ""),
        behind=kind(parts["behind"]),
    )


# Software by name, and causes that need no article: "it's DNS".
NAMED: Final = (
    r"dns|tls|ssl|oom|redis|kafka|mysql|postgres(?:ql)?|pg|mongo(?:db)?|tikv|tidb|pd|etcd|istio|envoy|nginx|haproxy"
    r"|pgbouncer|consul|vault|zookeeper|elasticsearch|rabbitmq|clickhouse|prometheus|kubelet|kube-proxy|api-?server"
    r"|calico|cilium|cni|coredns|conntrack|iptables|containerd|terraform|aws|gcp|azure|cloudflare|ebs|s3|rds|hpa|keda"
    r"|ntp|mtu|gc|iops|waf|pdbs?|vpa|crds?|cert-manager|kyverno|gatekeeper|argo(?:cd)?|flux|helm|karpenter|ceph|rook"
    r"|longhorn"
    r"|minio|loki|thanos|traefik|linkerd|keycloak|cassandra|nats|pulsar|memcached|jvm|fluent-?bit|fluentd|logstash"
    r"|harbor"
    r"|docker|spark|flink|airflow|vitess|disruption budgets?|admission|affinity|node-?selector|tolerations?"
)
_PART: Final = (
    r"nodes?|pods?|replicas?|replication|brokers?|instances?|workers?|leader(?:s|ship)?|primary|primaries|standby"
    r"|followers?"
    r"|masters?|shards?|partitions?|queues?|topics?|consumers?|producers?|index(?:es)?|tables?|databases?|dbs?"
    r"|clusters?|regions?|az|azs|zones?|rack|hosts?|servers?|vms?|containers?|images?|registry|deployments?"
    r"|statefulsets?"
    r"|daemonsets?|jobs?|crons?|cronjobs?|webhooks?|sidecars?|prox(?:y|ies)|gateways?|ingress(?:es)?"
    r"|load balancers?|lb"
    r"|routes?|routing|rules?|polic(?:y|ies)|flags?|toggles?|certs?|certificates?|secrets?|keys?|credentials"
    r"|configs?|configmaps?|config change|limits?|timeouts?|quotas?|pools?|connections?|threads|caches?|cdn|volumes?"
    r"|disks?|pvcs?|pvs?|storage|memory|heap|cpu|traffic|reads|writes|writers|readers|migrations?|quer(?:y|ies)"
    r"|locks?"
    r"|deploy(?:s|ments?)?|releases?|rollouts?|upgrade|versions?|builds?|hot-?fix|revert|pipelines?|canary|manifests?"
    r"|charts?|operators?|controllers?|schedulers?|kernel|drivers?|agents?|autoscaler|firewalls?|acls?|subnets?|nat"
    r"|networks?|network policy|switch|routers?|mesh|rate limit(?:er|s|ing)?|circuit breakers?|breakers?|batch(?:es)?"
    r"|concurrency|ttl|finalizers?|namespaces?|tenants?|backlog|backfill|compaction|importers?|exporters?|ingesters?"
    r"|services?|backends?|frontends?|endpoints?|stack|logs?hipper|log shipper|file descriptors?|inodes?|sockets?"
    r"|token|lease|ip|ips|alias(?:es)?|buckets?|snapshots?|backups?|schemas?|mirrors?|runners?"
    r"|licen[cs]es?|allow-?lists?|dumps?|cidrs?|ranges?|addresses|session cache|sessions|edge|origin"
    r"|upstreams?|gp[23]"
)
# A name with a digit ("broker-3", "vol-0a41", "v1.12.0") that is not a time or a rank.
_NUMBERED: Final = (
    r"(?!\d+(?:st|nd|rd|th|am|pm|mins?|hrs?|secs?|[mhsx])\b)(?=[a-z_./-]*\d)(?=[\d_./-]*[a-z])[a-z0-9][\w./-]+"
    r"|[\w-]+\.[\w-]+\.[a-z]{2,8}"
)
PART: Final = rf"(?:{_PART}|{NAMED})"
WHAT_RUNS: Final = words(rf"\b(?:{PART}|{_NUMBERED})(?!\w)")
RUNS_ZH: Final = (
    r"(?:主库|从库|备库|主从|节点|副本|实例|机器|机房|集群|流量|连接池|线程池|连接数|并发|超时|阈值|上限|限制|内存"
    r"|cpu|磁盘"
    r"|缓存|队列|索引|任务|批处理|配置|开关|证书|版本|镜像|容器|pod|leader|broker|tikv|pd|分区|灰度|发布|变更|查询"
    r"|慢\s?sql"
    r"|网关|服务|接口|secret|configmap|数据库|域名|dns|封网|限流|熔断|调度|权重|路由|消费者|号机|补丁|修复|告警规则"
    r"|[a-z]+-\d+|v\d+)"
)

# States of a part that may be a cause.
FAULT: Final = (
    r"(?:(?:ran|run|running|is|are|was|were|be) (?:out of|low on|dry)|out of (?!time|coffee|office|ideas|scope"
    r"|band|luck)|exhaust\w+|full\b|leak\w*|overload\w*|saturat\w*|stuck|expir\w+|mis-?configur\w*|throttl\w*|starv\w*"
    r"|corrupt\w*|dead-?lock\w*|flapping|oom\w*|packet loss|contention|mismatch|race condition|thrash\w*|limits?\b"
    r"|noisy neighbou?rs?"
    r"|thundering herd|split.?brain|back-?pressure|bottleneck\w*|regress\w*|timed out|timing out|burst|bug\b"
    r"|never restarted"
    r"|too (?:small|low|high|short|old|many|few|slow)|less burst|was (?:flushed|deleted|dropped|removed|rotated"
    r"|rotating)"
    r"|wrong (?:version|config|value|image|subnet|route)|missing (?:index|secret|config|route|permission|label)\w*)"
)
FAULT_ZH: Final = (
    r"(?:满了|占满|打满|耗尽|用完|用光|过期|泄漏|泄露|死锁|拖垮|打爆|被改|改[错成]|删了|丢包|抖动|不一致|冲突|慢查询"
    r"|写满|没刷新|不足|超限|宕机|挂了|断了|频繁切换|太[小大低高多少]|瓶颈|没有?配)"
)
# Faults that say why something fails. A thing that hangs, times out or is down only says that it fails.
CAUSAL_FAULT: Final = (
    r"(?:(?:ran|run|running|is|are|was|were|be) (?:out of|low on|dry)\b|exhausted|maxed(?: out)?|(?:is|are|was|at"
    r"|disk|volume) full\b|leak(?:s|ing|ed)?\b|overloaded|saturated|expired|mis-?configured"
    r"|starv(?:ed|ing)|corrupt(?:ed)?\b"
    r"|dead-?lock\w*|mismatch\w*|wrong (?:version|config|value|image|subnet|route|zone|region|port|key)"
    r"|missing (?:an? |the )?(?:index|secret|config|route|permission|label)\w*|bad (?:disk|node|ram"
    r"|config|cert|image|block)s?\b"
    r"|(?:is|are|was|were|got|gets|been) (?:\w+ly )?(?:removed|deleted|emptied|suspended|wiped"
    r"|overwritten|dropped|rotated"
    r"|revoked|reset|renamed|unmounted|cleared|flushed|truncated|gc'd|garbage[- ]collected|disabled|turned off|evicted"
    r"|lost)\b|hit (?:the|a|an|our|its) [\w -]{0,40}?(?:limit|quota|cap)s?\b"
    r"|points? (?:at|to) (?:an? |the )?(?:empty|old|wrong|stale|deleted|dead)\b|full table scans?"
    r"|at (?:its|their|the) (?:[\w-]+ )?(?:limit|maximum|cap|quota)\b|(?:is|are) (?:off|not set"
    r"|not enabled|empty|gone) (?:on|in|for|at)\b"
    r"|(?:lost|lacks?|has no|have no|had no) (?:the |its |any |new )*[\w-]+ [\w-]+|too (?:small|low"
    r"|short|old|many|few)\b|(?:at|to) (?:9[5-9]|100)(?: ?%| percent|$)"
    r"|(?:somebody|someone) (?:\w+ )?(?:left|forgot|broke|set|cut|changed|rotated|removed|deleted"
    r"|disabled|renamed|switched|emptied|merged|pushed|touched|moved|dropped)\b)"
)
# A change that broke something, named as its author or as the occasion: "the migration renamed …", "lost in the merge".
_CHANGE: Final = (
    r"(?:merge|upgrade|migration|deploy(?:ment)?|release|rollout|refactor\w*|change|cleanup|rotation"
    r"|maintenance|reindex|terraform (?:apply|run)|helm upgrade|config push|pr|patch|update|failover|rename)"
)
CHANGE_BROKE: Final = (
    rf"(?:the|that|this|our|last|yesterday's|a) (?:[\w.-]+ ){{0,3}}?{_CHANGE} (?!was|is|has|will"
    r"|needs?|went|takes?|looks?)\w+(?:ed|t|ke|s)\b"
    rf"|\w+ (?:lost|gone|broken|left|emptied|removed|missing|changed|dropped|overwritten|off|empty|wrong) (?:\w+ )?"
    rf"(?:in|with|during|by|after|since) (?:the|that|last|yesterday's|this) (?:[\w.-]+ ){{0,2}}?{_CHANGE}\b"
)
# Connectives between a cause and its effect.
CAUSED: Final = (
    r"(?:\b(?:fail|refus|reject|can't|cannot|down|slow|stuck|crash|drop|lo[ss]|broken|tim|error"
    r"|den[iy]|queu|miss)[^.]*? (?:because (?:of )?(?!i\b|you\b|we\b)|due to )\w|[,;] (?:and "
    r"|so )?that(?:'s| is) (?:what|why|how) \w|^(?:\w+[.,] )?it's (?!not\b|the same\b)"
    r"[\w.-]+(?: [\w.-]+){0,2} that \w+)"
)
CAUSED_ZH: Final = (
    r"(?:因为|由于)[^，。]{2,}|(?:迁移|升级|发布|变更|合并|切换|重建|清理)(?:的?时候|时|之?后|把"
    r"|，)[^。]{0,16}?(?:丢|改|删|没|忘|漏|空|覆盖|旧)"
    r"|^(?:就)?是\s?[^，。我你他]{1,12}?(?:把|限|改|占|挤|拦|挡)[^，。？]{1,10}了(?:$|，)"
)
CAUSAL_FAULT_ZH: Final = (
    r"(?:满了|占满|打满|写满|耗尽|用完|用光|过期|到期|泄漏|泄露|死锁|拖垮|打爆|改[错成]|不一致|冲突"
    r"|慢查询|没刷新|不足|超限|瓶颈"
    r"|没有?(?:配|开|挂|装)|没有新的|到顶|太[小低多少]|坏了|忘了|清空|限流了|限额|全表扫|缺(?:少|了)"
    r"|丢了|指[到向](?:了)?(?:空|旧|错)"
    r"|被[^，。]{0,8}?(?:回收|清|删|挂起|改|关|停|吊销|下掉|覆盖)|把[^，。]{1,16}?(?:改|删|清空|关|下掉|覆盖)了$)"
)
