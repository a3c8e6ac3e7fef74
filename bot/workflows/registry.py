"""Every kind of job by name. A name stands in the journal: renaming one is a new JOBS_VERSION."""

from __future__ import annotations

from collections.abc import Mapping

from bot.jobs import Workflow
from bot.workflows.answer import Answering
from bot.workflows.authorisation import Authorising
from bot.workflows.chronicle.answer_facts import Hearing
from bot.workflows.chronicle.archive_notice import Archiving
from bot.workflows.chronicle.backfill import Backfilling
from bot.workflows.chronicle.catch_up import CatchingUp
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.documents import ChronicleTelling
from bot.workflows.chronicle.incident_changes import ChannelCommands
from bot.workflows.chronicle.incident_commands import ChannelAsking
from bot.workflows.chronicle.incident_start import Opening
from bot.workflows.chronicle.mentions import Mentioned
from bot.workflows.chronicle.pinned_summary import SummingUp
from bot.workflows.chronicle.removal import Removing
from bot.workflows.chronicle.similar_incidents import Likening
from bot.workflows.chronicle.timeline_marks import Pinning
from bot.workflows.cluster_choice import Choosing
from bot.workflows.cluster_pick import Picking
from bot.workflows.message_poster import Telling
from bot.workflows.opinions import Opinions
from bot.workflows.pasted_files import PastedFiles
from bot.workflows.plan_claims import Claiming
from bot.workflows.plot_pictures import Picturing
from bot.workflows.press_records import Recording
from bot.workflows.preview import Previewing
from bot.workflows.remedy import CarryingOut
from bot.workflows.remedy_offers import Offering
from bot.workflows.repeats import Repeating
from bot.workflows.replies import Outcomes
from bot.workflows.services import Desk
from bot.workflows.thread_roots import ThreadRoots
from bot.workflows.withdrawal import Withdrawing


def workflows(desk: Desk, chronicles: ChronicleJobs) -> Mapping[str, Workflow]:
    telling = Telling(desk=desk)
    hearing = Hearing(desk=desk)
    chronicle = ChronicleTelling(desk=desk)
    authorising, recording = Authorising(desk=desk), Recording(desk=desk, telling=telling, hearing=hearing)
    files = PastedFiles(desk=desk, telling=telling)
    answering = Answering(
        desk=desk,
        telling=telling,
        files=files,
        roots=ThreadRoots(desk=desk, files=files),
        outcomes=Outcomes(desk=desk, choosing=Choosing(desk=desk), offering=Offering(desk=desk)),
        picturing=Picturing(desk=desk, telling=telling),
        hearing=hearing,
        likening=Likening(desk=desk),
    )
    catching_up = CatchingUp(desk=desk)
    asking = ChannelAsking(desk=desk, catching_up=catching_up, telling=chronicle, start=chronicles.start)
    return {
        "answer": answering.run,
        "archived": Archiving(desk=desk, telling=chronicle).run,
        "backfill": Backfilling(desk=desk, changed=chronicles.changed).run,
        "command": ChannelCommands(desk=desk, telling=chronicle, opened=chronicles.opened).run,
        "incident": Opening(desk=desk, is_incident=chronicles.is_incident, opened=chronicles.opened).run,
        "mention": Mentioned(asking=asking).run,
        "opinion": Opinions(desk=desk, telling=telling).run,
        "pick": Picking(desk=desk, answering=answering).run,
        "pin": Pinning(desk=desk).run,
        "preview": Previewing(desk=desk, authorising=authorising).run,
        "remedy": CarryingOut(
            desk=desk,
            claiming=Claiming(desk=desk, recording=recording, authorising=authorising),
            recording=recording,
        ).run,
        "removed": Removing(desk=desk).run,
        "repeat": Repeating(desk=desk, telling=telling).run,
        "reread": Backfilling(desk=desk, changed=chronicles.changed, missed=True).run,
        "summary": SummingUp(desk=desk).run,
        "welcome": catching_up.run,
        "withdraw": Withdrawing(desk=desk, telling=telling, hearing=hearing).run,
    }
