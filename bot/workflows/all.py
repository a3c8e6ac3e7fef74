"""Every kind of job by name. A name stands in the journal: renaming one is a new JOBS_VERSION."""

from __future__ import annotations

from collections.abc import Mapping

from bot.jobs import Workflow
from bot.slack.asking import ChannelAsking
from bot.slack.chronicling import Chronicling
from bot.workflows.answering import Answering
from bot.workflows.authorising import Authorising
from bot.workflows.carrying_out import CarryingOut
from bot.workflows.choosing import Choosing
from bot.workflows.chronicle.archiving import Archiving
from bot.workflows.chronicle.backfilling import Backfilling
from bot.workflows.chronicle.catching_up import CatchingUp
from bot.workflows.chronicle.commands import ChannelCommands
from bot.workflows.chronicle.hearing import Hearing
from bot.workflows.chronicle.likening import Likening
from bot.workflows.chronicle.mentioned import Mentioned
from bot.workflows.chronicle.opening import Opening
from bot.workflows.chronicle.pinning import Pinning
from bot.workflows.chronicle.removing import Removing
from bot.workflows.chronicle.summing_up import SummingUp
from bot.workflows.chronicle.telling import ChronicleTelling
from bot.workflows.claiming import Claiming
from bot.workflows.desk import Desk
from bot.workflows.offering import Offering
from bot.workflows.opinions import Opinions
from bot.workflows.outcomes import Outcomes
from bot.workflows.pasted_files import PastedFiles
from bot.workflows.picking import Picking
from bot.workflows.picturing import Picturing
from bot.workflows.previewing import Previewing
from bot.workflows.recording import Recording
from bot.workflows.repeating import Repeating
from bot.workflows.telling import Telling
from bot.workflows.thread_roots import ThreadRoots
from bot.workflows.withdrawing import Withdrawing


def workflows(desk: Desk, chronicling: Chronicling) -> Mapping[str, Workflow]:
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
    asking = ChannelAsking(desk=desk, catching_up=catching_up, telling=chronicle, start=chronicling.start)
    return {
        "answer": answering.run,
        "archived": Archiving(desk=desk, telling=chronicle).run,
        "backfill": Backfilling(desk=desk, changed=chronicling.changed).run,
        "command": ChannelCommands(desk=desk, telling=chronicle, opened=chronicling.opened).run,
        "incident": Opening(desk=desk, is_incident=chronicling.is_incident, opened=chronicling.opened).run,
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
        "reread": Backfilling(desk=desk, changed=chronicling.changed, missed=True).run,
        "summary": SummingUp(desk=desk).run,
        "welcome": catching_up.run,
        "withdraw": Withdrawing(desk=desk, telling=telling, hearing=hearing).run,
    }
