"""What is said of a mistake of our own, at the two edges where one is caught: what happened, what is safe."""

from exam.errors import Fatal, Rejected


def in_command(error: Exception) -> Rejected:
    return Rejected(
        f"Внутренняя ошибка при команде: {error!r}. Запись продолжается; состояние: station status.",
        f"Internal error in a command: {error!r}. Recording goes on; see station status.",
        code="internal",
    )


def of_the_station(error: Exception) -> Fatal:
    return Fatal(
        f"Внутренняя ошибка станции: {error!r}. Записанное сохранено; запустите её снова, день продолжится.",
        f"Internal error: {error!r}. What was recorded is safe; start the station again, the day goes on.",
        code="internal",
    )
