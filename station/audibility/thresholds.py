"""What is good, doubtful and bad: the `[quality]` table of station.toml with its defaults. Levels in dBFS."""

from msgspec import Struct


class LiveThresholds(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When an alarm is raised while somebody is being recorded: `…_warn`, and `…_red` where it is urgent."""

    level_low_warn: float = -34.0
    level_low_red: float = -40.0
    level_high_warn: float = -17.0
    level_high_red: float = -13.0
    clipped_red: float = 0.1
    """Per cent of the active samples of the last 10 s; any clipping warns."""
    dead: float = -72.0
    """Quieter than this nothing is heard at all, however quiet the room; unless its test recording was."""
    dead_below_noise: float = 12.0
    dead_warn_s: float = 1.0
    dead_red_s: float = 3.0
    zeros_red_s: float = 0.02
    dropouts_red: int = 3
    """In a minute; any dropout warns."""
    dropout_red_s: float = 0.05
    noise: float = -55.0
    """The room's noise where no test recording told it."""
    noise_warn: float = 6.0
    noise_red: float = 12.0
    snr_red: float = 12.0
    snr_red_s: float = 10.0
    no_speech_warn_s: float = 15.0
    no_speech_red_s: float = 60.0


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`…_warn`: from here on doubtful; `…_fail`: from here on bad. Percentages are of the active samples."""

    noise_warn: float = -55.0
    noise_fail: float = -45.0
    suppressed: float = -85.0
    """Quieter than any room: a noise suppressor, or a microphone that is switched off between words."""
    snr_warn: float = 20.0
    snr_fail_rehearsal: float = 15.0
    snr_fail: float = 12.0
    level_low_warn: float = -32.0
    level_low_fail: float = -38.0
    level_high_warn: float = -18.0
    level_high_fail: float = -14.0
    difference_warn: float = 8.0
    difference_fail: float = 14.0
    active_rehearsal_s: float = 5.0
    active_task_s: float = 15.0
    """The participant's speech in a task that was taken."""
    active_interlocutor_s: float = 5.0
    clipped_warn: float = 0.01
    clipped_fail: float = 0.1
    dropouts_warn: int = 1
    dropouts_fail: int = 3
    dropout_fail_s: float = 0.02
    hum_warn: float = 6.0
    hum_below_active: float = 25.0
    """Hum is bad when it is louder than the active level less this."""
    transients_warn: float = 4.0
    transients_fail: float = 20.0
    """A minute of gaps; bad when they also come within `transient_below_active` of the active level."""
    transient_below_active: float = 15.0
    bandwidth_warn_hz: float = 7000.0
    bandwidth_fail_hz: float = 5000.0
    dc_warn: float = 0.005
    dc_fail: float = 0.05
    rate_warn: float = 0.001
    rate_fail: float = 0.005
    rehearsal_valid_days: int = 3
    """A test recording older than this is told at `open`."""
    live: LiveThresholds = LiveThresholds()
