"""Somebody at a terminal, who answers each question when it is asked."""

import os
import select


def answered(ours: int, answers: list[tuple[str, str]], *, within_s: float) -> str:
    """What stood on a terminal until its other side ended; it is closed then.

    Not before it is asked: what was typed early is thrown away where a password is
    asked for.

    Parameters
    ----------
    ours : our side of the terminal
    answers : words of a question, and what is typed after them; in their order
    within_s : so long nothing new may appear [s]
    """
    log, told, waiting = "", 0, list(answers)
    try:
        while select.select([ours], [], [], within_s)[0]:
            log += os.read(ours, 4096).decode(errors="replace")
            if waiting and waiting[0][0] in log[told:]:
                told = len(log)
                os.write(ours, waiting.pop(0)[1].encode() + b"\n")
    except OSError:
        pass  # So the end of the other side is told.
    os.close(ours)
    return log
