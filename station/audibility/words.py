"""What people are told of voices and noise: (reason, advice), one sentence each, in the reader's language. Pure."""

from exam.language import say
from station.audibility.findings import Voice

Said = tuple[str, str]


def number(value: float, digits: int = 0) -> str:
    """With the decimal comma and a true minus in Russian."""
    text = f"{value:.{digits}f}"
    text = text.removeprefix("-") if not text.strip("-0.") else text
    return say(text.replace("-", "−").replace(".", ","), text)


def of(voice: Voice | None) -> str:
    """Whose, in the genitive case."""
    if voice is None:
        return say("говорящих", "the speakers")
    return say("участника", "the participant") if voice == "participant" else say("собеседника", "the interlocutor")


def to(voice: Voice | None) -> str:
    """To whom, in the dative case."""
    if voice is None:
        return say("говорящим", "the speakers")
    return say("участнику", "the participant") if voice == "participant" else say("собеседнику", "the interlocutor")


def too_low(voice: Voice | None, measured: float, low: float, high: float) -> Said:
    return (
        say(
            f"{_heard(voice)} слишком тихо: {number(measured)} дБ (нужно от {number(low)} до {number(high)}).",
            f"{_heard(voice)} too faintly: {number(measured)} dB (wanted {number(low)} to {number(high)}).",
        ),
        say(
            f"Поставьте микрофон ближе к {to(voice)} (30–60 см) или прибавьте уровень записи.",
            f"Put the microphone nearer to {to(voice)} (30-60 cm) or raise the recording level.",
        ),
    )


def too_loud(voice: Voice | None, measured: float, low: float, high: float) -> Said:
    return (
        say(
            f"{_heard(voice)} слишком громко: {number(measured)} дБ (нужно от {number(low)} до {number(high)}).",
            f"{_heard(voice)} too loudly: {number(measured)} dB (wanted {number(low)} to {number(high)}).",
        ),
        say(
            f"Отодвиньте микрофон от {of(voice)} или убавьте уровень записи.",
            f"Move the microphone away from {of(voice)} or lower the recording level.",
        ),
    )


def behind_noise(voice: Voice | None, measured: float, wanted: float) -> Said:
    return (
        say(
            f"{_heard(voice)} за шумом плохо: громче шума всего на {number(measured)} дБ (нужно {number(wanted)}).",
            f"{_heard(voice)} badly behind the noise: only {number(measured)} dB over it (wanted {number(wanted)}).",
        ),
        say(
            f"Поставьте микрофон ближе к {to(voice)}, закройте окна и дверь, выключите то, что шумит.",
            f"Put the microphone nearer to {to(voice)}, shut windows and door, switch off what makes noise.",
        ),
    )


def unlike(quiet: Voice, loud: Voice, measured: float, allowed: float) -> Said:
    return (
        say(
            f"Голос {of(quiet)} тише голоса {of(loud)} на {number(measured)} дБ (допустимо {number(allowed)}).",
            f"The voice of {of(quiet)} is {number(measured)} dB below {of(loud)}'s (at most {number(allowed)}).",
        ),
        say(
            f"Подвиньте микрофон к {to(quiet)}, чтобы до обоих говорящих было примерно поровну.",
            f"Move the microphone towards {to(quiet)}, so that both speakers are about equally far from it.",
        ),
    )


def noisy(channel: int | None, measured: float, wanted: float, *, is_impulsive: bool) -> Said:
    kind = say(" с ударами и щелчками", ", with knocks and clicks") if is_impulsive else ""
    return (
        say(
            f"В тишине слишком шумно{_at(channel)}: {number(measured)} дБ{kind} (нужно не выше {number(wanted)}).",
            f"Silence is too noisy{_at(channel)}: {number(measured)} dB{kind} (wanted {number(wanted)} or less).",
        ),
        say(
            "Закройте окна и дверь, выключите вентилятор или проектор, отодвиньте микрофон от компьютера.",
            "Shut windows and door, switch off fan or projector, move the microphone away from the computer.",
        ),
    )


def dead(channel: int | None) -> Said:
    return (
        say(
            f"Микрофон передаёт полную цифровую тишину{_at(channel)}: он выключен или заглушён.",
            f"The microphone sends nothing but digital zeros{_at(channel)}: it is off or muted.",
        ),
        say(
            "Включите микрофон кнопкой на нём и в настройках звука компьютера (снимите «Без звука»), проверьте провод.",
            "Switch the microphone on by its own button and in the computer's sound settings; check its cable.",
        ),
    )


def suppressed(channel: int | None, measured: float) -> Said:
    return (
        say(
            f"В тишине подозрительно тихо{_at(channel)}: {number(measured)} дБ, похоже на подавление шума, "
            "которое съедает и тихие слова.",
            f"Silence is suspiciously quiet{_at(channel)}: {number(measured)} dB, as of noise suppression, "
            "which swallows faint words, too.",
        ),
        say(
            "Выключите подавление шума: в Windows — Параметры → Звук → свойства микрофона → «Улучшения звука»: "
            "«Выкл.»; в Linux — выгрузите module-echo-cancel или фильтр шума PipeWire (RNNoise, EasyEffects).",
            "Switch noise suppression off: Windows - Settings, Sound, the microphone's properties, Audio "
            "enhancements: Off; Linux - unload module-echo-cancel or PipeWire's noise filter (RNNoise, EasyEffects).",
        ),
    )


def not_heard(voice: Voice | None) -> Said:
    ru, en = (f"Голоса {of(voice)} не слышно.", f"{of(voice).capitalize()} is not heard.")
    if voice is None:
        ru, en = ("Речи не слышно.", "No speech is heard.")
    return (say(ru, en), _listen(voice))


def hardly_heard(voice: Voice, measured: float, wanted: float, task: int | None = None) -> Said:
    place = "" if task is None else say(f" в задании {task}", f" in task {task}")
    return (
        say(
            f"Голос {of(voice)}{place} почти не слышен: {number(measured)} с речи (нужно {number(wanted)}).",
            f"{of(voice).capitalize()} is hardly heard{place}: {number(measured)} s of speech "
            f"(wanted {number(wanted)}).",
        ),
        _listen(voice),
    )


def only_one() -> Said:
    return (
        say(
            "Похоже, слышен только один голос: до ответов звучит тот же, что и в ответах.",
            "Only one voice seems to be heard: the same before the answers as in them.",
        ),
        say(
            "Прослушайте вступление и начало заданий: слышно ли собеседника; если нет, подвиньте микрофон к нему.",
            "Listen to the introduction and the beginnings of the tasks; if the interlocutor is not heard, move the "
            "microphone towards them.",
        ),
    )


def same_voice() -> str:
    return say(
        "не определено: до ответов и в ответах голоса похожи",
        "not determined: the voices before the answers and in them are alike",
    )


def undivided() -> str:
    return say(
        "не определено: в заданиях нет паузы, которая отделяет указания от ответа",
        "not determined: no pause in the tasks parts instructions from answers",
    )


def mixed_up(measured: float, wanted: float) -> Said:
    return (
        say(
            f"Микрофоны плохо разделяют голоса: на {number(measured)} дБ (нужно {number(wanted)}).",
            f"The microphones hardly tell the voices apart: by {number(measured)} dB (wanted {number(wanted)}).",
        ),
        say(
            "Поставьте каждый микрофон ближе к своему говорящему и дальше от другого.",
            "Put each microphone nearer to its own speaker and farther from the other.",
        ),
    )


def _listen(voice: Voice | None) -> str:
    return say(
        f"Прослушайте это место; проверьте, включён ли микрофон и близко ли он к {to(voice)}.",
        f"Listen to this place; check that the microphone is on and near {to(voice)}.",
    )


def _heard(voice: Voice | None) -> str:
    if voice is None:
        return say("Голоса слышны", "Voices are heard")
    return say(f"Голос {of(voice)} слышен", f"{of(voice).capitalize()} is heard")


def _at(channel: int | None) -> str:
    return "" if channel is None else say(f" (микрофон {channel + 1})", f" (microphone {channel + 1})")
