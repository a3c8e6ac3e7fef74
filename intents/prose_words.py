"""English words that stand where a name could: after "pod", "node", "namespace" or "in".

A name is taken from prose only if it is none of these.
"""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
a about above account accounts across addition advance affinity after again against ago alive all already also always
am an and annotate annotation annotations another answer answers anti-affinity any anybody anymore anyone anything
anyway api-server appear
appears apply are around as at attach autoscaler autoscaling away back bad because been before behind being below
between boot boots both broken but by can cannot case cases cause caused charge cidr class close closed cluster
clusters come comes condition conditions connect connects controller controllers cordon correct could count cpu crash
crash-looping crashed crashes crashing crashloop crashloopbackoff crashlooping crashloops created creating creation
current currently days dead delete deleted deleting deletion describe detail details did die died dies different
disappear disappeared discovery disk disruption do does doing done down drain drained during each edit egress eight
either else empty end ended endpoint endpoints ends enough entire error errors even evenly event events eventually
every everybody everyone everything evict evicted evicts exec exist exists exit exited exits exporter expose fact
fail failed failing fails failure
failures few fine finished first five flapping flaps for four from full general get gets getting given goes going gone
good got gpu group groups had half hang hangs happened happening happens has have having he health healthy helm help
here his hours how however http https hundred hung i id if image imagepullbackoff images in info ingress init-
container inside instead into io ip ips is isolation issue issues it its job jobs joined just keep keeps kill killed
kills kind know kubectl kubelet label labels last later leaves left less level lifecycle like limit limits linux list
liveness log logs looks loop loops lost made management many matching maybe me means memory mesh metadata metrics
might minutes missing mode more most mounted mounts moved much must my n name named names near need needs network
networking never new next nine no nobody nodes non-root none nor not nothing now object objects oc of off ok old on
once one
ones only onto oomkilled operator or order other others our out over overloaded own owner page pages parallel
partially particular patch pending per per-node per-pod phase place pod pods policy pool pools port ports possible
practice preemption pressure priority problem problems process prod-like production-like progress proxy pull pulled
pulling pulls question quota quotas ram rather reached read- readiness reading ready really rebooted recover recovered
recovers refused refuses rejected rejects remain remained remains report reported reports request requests resolve
resolves resource resources respond responds response restart restart-loop restarted restarting restarts result right
role rolled rolling rollout run running runs said same sandbox saw say saying says scale scaled scaling schedule
scheduled scheduler scheduling scope scoped second seconds security see seeing seem seemed seems seen selector
selectors server set sets seven several she short short-lived should show showed showing shows shutdown side since
single sit sits six size so some somebody someone somehow something spec specific spread start start-up started
starting starts startup
state states static status stay stays still stop stopped stops storage stuck sub-second such suddenly sync taint
taints take takes target tcp tell tells template templates ten terminated terminates terminating termination than that
the their theirs them then theory there these they thing things this those though thousand three through time times to
together told toleration tolerations too took top topology total tries trouble trying turn turned turns two type types
udp unavailable uncordon under unhealthy unknown unreachable unready unresponsive unschedulable unscheduled until up
update updated updates us usage use used user users uses using usually vain value values vanish vanished version very
via volume volumes wait waiting waits want wants was way we well went were what whats when where whether which while
who
whole why wide will with within without wo won wont work working works would wrong yet you your
"""
PROSE_WORDS: Final = frozenset(_WORDS.split())
