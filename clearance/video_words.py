"""What people read about a video, and about its copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from clearance import metadata_words
from clearance.results import AudioMode
from clearance.timeline import Why, clock, span

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.results import TrackResult, UncertainSpan, VideoExport, VideoResult
    from clearance.timeline import LookAt, OnScreen

KINDS = frozenset({"subtitles", "chapters", "data", "attachment", "cover", "video", "audio"})
"""What a video's file may hold beside pictures and sound; other words may name somebody."""
_SPANS = 6
"""So many uncertain spans are told one by one; of more the first ones, and how many there are."""


def length(result: VideoResult, words: Language) -> str:
    """How long it is, in time and in frames, and how often the scene is cut."""
    frames = words.ngettext("{n} frame", "{n} frames", result.frames)
    cuts = words.ngettext("{n} cut", "{n} cuts", len(result.cuts))
    said = words.gettext("{time} long, {frames}, {rate} a second, {cuts}")
    return said.format(
        time=clock(result.duration),
        frames=frames.format(n=words.number(result.frames)),
        rate=f"{result.frame_rate:.2f}".rstrip("0").rstrip("."),
        cuts=cuts.format(n=words.number(len(result.cuts))),
    )


def uncertain(result: VideoResult, words: Language) -> list[str]:
    """Where somebody may be who was lost, a line each."""
    lines = [_span(one, result, words) for one in result.uncertain[:_SPANS]]
    more = len(result.uncertain) - _SPANS
    if more > 0:
        said = words.ngettext(
            "There is {n} more such time.", "There are {n} more such times.", more
        )
        lines.append(said.format(n=words.number(more)))
    return lines


def _span(one: UncertainSpan, result: VideoResult, words: Language) -> str:
    said = words.gettext(
        "From {start} to {end} somebody who was lost ({who}) may be anywhere in the part {box} of "
        "the picture."
    )
    box = one.box
    if result.width and result.height:
        box = box.clipped(result.width, result.height)
    place = result.place_of(one.track)
    return said.format(
        start=clock(one.start),
        end=clock(one.end),
        who=numbered(place, words) if place else "–",
        box=f"{box.left}, {box.top} – {box.right}, {box.bottom}",
    )


def numbered(place: int | str, words: Language) -> str:
    """By which number somebody stands in the table."""
    return words.gettext("no. {n}").format(n=place)


def sound(result: VideoResult, words: Language) -> list[str]:
    """What somebody must know about the sound, a line each."""
    _, ngettext = words.gettext, words.ngettext
    if not result.sound:
        return [_("It has no sound.")]
    lines = [
        _("It has sound: people are recognised by their voice as well, and nobody has listened.")
    ]
    silent = {
        track.verdict.person
        for track in result.tracks
        if track.verdict.person and track.verdict.outcome.publishable and not track.cleared_voice
    }
    if silent:
        said = ngettext(
            "{n} person who may be shown has not agreed that their voice is published.",
            "{n} people who may be shown have not agreed that their voice is published.",
            len(silent),
        )
        lines.append(said.format(n=len(silent)))
    return lines


def beside(result: VideoResult, words: Language, *, names: bool = True) -> str:
    """What else the file holds that nobody has looked at; nothing for no more.

    Without `names` it is told by its kind only: a title may name somebody.
    """
    if not result.beside:
        return ""
    said = words.gettext(
        "The file also holds {things}, and nobody has looked at that: publish a copy that "
        "clearance export writes, never the file."
    )
    return said.format(things=_things(result.beside, words, names=names))


def _things(found: Iterable[str], words: Language, *, names: bool) -> str:
    _ = words.gettext
    known: Mapping[str, str] = {
        "subtitles": _("subtitles"),
        "chapters": _("chapters"),
        "data": _("data of the camera or the program"),
        "attachment": _("an attached file"),
        "cover": _("a cover picture"),
        "video": _("a further video"),
        "audio": _("further sound"),
    }
    other = _("something else")
    told = (
        known.get(one) or (metadata_words.removed(one, words) if names else other) for one in found
    )
    return ", ".join(dict.fromkeys(told))


def copied(export: VideoExport, words: Language) -> str:
    """How many people are hidden in a copy."""
    hidden = len(export.hidden)
    said = words.ngettext("{n} head hidden, checked", "{n} heads hidden, checked", hidden)
    return said.format(n=words.number(hidden))


def copy(export: VideoExport, words: Language, *, names: bool = True) -> list[str]:
    """What somebody must know about a copy, a line each: what was proved, and what else."""
    _, ngettext = words.gettext, words.ngettext
    checked = ngettext(
        "The written file was opened again, and its {n} frame was searched for faces.",
        "The written file was opened again, and each of its {n} frames was searched for faces.",
        export.frames,
    )
    size = _("Its pictures have {width} × {height} pixels.")
    lines = [
        checked.format(n=words.number(export.frames)),
        size.format(width=export.width, height=export.height),
    ]
    if export.appeared:
        said = ngettext(
            "{n} place was hidden because a face was seen there only when the copy was checked: "
            "nobody has looked at it in the original.",
            "{n} places were hidden because a face was seen there only when the copy was checked: "
            "nobody has looked at them in the original.",
            export.appeared,
        )
        lines.append(said.format(n=words.number(export.appeared)))
    lines.append(audio(export.audio, words))
    if export.removed:
        gone = _("Left out of the copy: {things}.")
        lines.append(gone.format(things=_things(export.removed, words, names=names)))
    return lines


def audio(mode: AudioMode, words: Language) -> str:
    """What became of the sound of a copy."""
    _ = words.gettext
    told: Mapping[AudioMode, str] = {
        AudioMode.KEEP: _("The sound is kept as it is: somebody must listen to it."),
        AudioMode.MUTE: _("The copy has no sound."),
        AudioMode.REPLACE_TONE: _("A quiet tone takes the place of the sound, all along."),
        AudioMode.MUTE_UNCLEARED: _(
            "The copy is silent while somebody is on screen who is not cleared. Whoever is heard "
            "without being seen can still be heard: somebody must listen to it."
        ),
    }
    return told[mode]


def why(reason: Why, words: Language) -> str:
    """What a moment is to be looked at for."""
    _ = words.gettext
    told: Mapping[Why, str] = {
        Why.MIXED: _("perhaps two people: is it the same person all along?"),
        Why.LIKELY: _("looks similar to somebody: who is it?"),
        Why.DOUBTFUL_SIZE: _("small face: can it be recognised?"),
        Why.LOST: _("was lost here: is somebody still to be seen?"),
        Why.APPEARED: _("is there from one frame to the next: was somebody to be seen before?"),
        Why.WEAKEST: _("hardest to see here: is it still the same person?"),
    }
    return told[reason]


def look_at(moment: LookAt, words: Language) -> str:
    """A moment that somebody should look at, in a line."""
    who = numbered(moment.place, words)
    return f"{clock(moment.time)}  {who}  {why(moment.why, words)}"


def more_moments(left: int, words: Language) -> str:
    """That there are more moments to look at than are told."""
    said = words.ngettext("and {n} more moment", "and {n} more moments", left)
    return said.format(n=words.number(left))


def more_people(left: Sequence[OnScreen], words: Language) -> str:
    """How many people are in no row of a table, by their verdicts, the worst first."""
    counts: dict[str, int] = {}
    for one in sorted(left, key=lambda one: -one.face.outcome.severity):
        said = words.outcome(one.face.outcome)
        counts[said] = counts.get(said, 0) + 1
    listed = ", ".join(f"{words.number(n)} × {said}" for said, n in counts.items())
    said = words.ngettext(
        "and {n} more person: {verdicts}", "and {n} more people: {verdicts}", len(left)
    )
    return said.format(n=words.number(len(left)), verdicts=listed)


def more_times(left: int, words: Language) -> str:
    """That somebody is there more often than is told."""
    said = words.ngettext("and {n} more time", "and {n} more times", left)
    return said.format(n=words.number(left))


def gap(track: TrackResult, words: Language) -> str:
    """The longest time in which a face was not seen, though it was there; a dash for none."""
    if track.longest_gap <= 0:
        return "–"
    # A gap of one frame is no gap of 0.0 s.
    return words.gettext("{n} s").format(n=f"{max(track.longest_gap, 0.1):.1f}")


def weakest(track: TrackResult) -> str:
    """When a face is hardest to see, and how sure the finder is there."""
    time, score = track.weakest
    return f"{clock(time)} ({score:.2f})"


def spans(tracks: Iterable[TrackResult]) -> str:
    """Each time that somebody is there."""
    return ", ".join(span(track.start, track.end) for track in tracks)
