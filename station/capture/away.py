"""Why there is no sound from the microphone: raised by whatever notices, told to the station by the child."""

from typing import Literal

LossCode = Literal["device_lost", "device_changed"]


class Away(Exception):
    """The microphone cannot be recorded (any longer). `code` as in the station's alarms, the text for a person."""

    def __init__(self, text: str, code: LossCode = "device_lost") -> None:
        super().__init__(text)
        self.code = code
