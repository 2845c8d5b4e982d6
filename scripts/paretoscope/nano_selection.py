"""Accuracy and length on the development split: what the step counts of the nano cards were chosen by.

``python -m paretoscope.nano_selection FOLDER [FOLDER ...]`` prints both tables for trained folders. The test split is
never read here, so that a study's numbers stay honest.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

from . import arithmetic, training

MAX_NEW_TOKENS = 400
ANSWER_TOKENS = 4
BUDGETS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 160)
"""Thinking budgets of a forced-answer curve, tokens."""


def evaluate_dev(
    folder: Path, level: str, n: int = 200, seed: int = 0, temperature: float = 0.6, thinks: bool = True
) -> dict:
    """Return accuracy (fraction), mean completion tokens and mean prompt tokens on one level's dev problems.

    Parameters
    ----------
    folder : Path
        A trained model.
    level : str
        A key of :data:`paretoscope.arithmetic.LEVELS`.
    n : int
        Problems, one completion each.
    seed : int
        Of the problems and of the sampling.
    temperature : float
        0 is greedy.
    thinks : bool
        False closes the reasoning in the prompt, as for models of the direct style.
    """
    problems = arithmetic.problems(level, "dev", n, seed)
    prompts = [arithmetic.prompt_pieces(problem) + [arithmetic.THINK_END] * (not thinks) for problem in problems]
    responses = training.respond(folder, prompts, temperature, MAX_NEW_TOKENS, seed)
    return {
        "accuracy": _accuracy(responses, problems),
        "completion_tokens": mean(map(len, responses)),
        "prompt_tokens": mean(map(len, prompts)),
    }


def forced_answer_curve(
    folder: Path,
    level: str,
    n: int = 200,
    budgets: tuple[int, ...] = BUDGETS,
    seed: int = 0,
    temperature: float = 1.0,
) -> list[dict]:
    """Cut the reasoning at each budget, close it, and let the model answer greedily.

    The cuts of one problem are prefixes of one sampled reasoning (budget forcing: Muennighoff et al., "s1: Simple
    test-time scaling", 2025); extending the reasoning past its own end is left out.

    Returns
    -------
    list of dict
        One per budget: ``budget`` and ``thinking_tokens`` (mean actually used), both in tokens, and ``accuracy``.
    """
    problems = arithmetic.problems(level, "dev", n, seed)
    prompts = [arithmetic.prompt_pieces(problem) for problem in problems]
    thoughts = [_thought(response) for response in training.respond(folder, prompts, temperature, MAX_NEW_TOKENS, seed)]
    curve = []
    for budget in budgets:
        cut = [thought[:budget] for thought in thoughts]
        closed = [prompt + kept + [arithmetic.THINK_END] for prompt, kept in zip(prompts, cut, strict=True)]
        answers = training.respond(folder, closed, 0.0, ANSWER_TOKENS, seed)
        curve.append(
            {"budget": budget, "thinking_tokens": mean(map(len, cut)), "accuracy": _accuracy(answers, problems)}
        )
    return curve


def _thought(response: list[str]) -> list[str]:
    end = arithmetic.THINK_END
    return response[: response.index(end)] if end in response else response


def _accuracy(responses: list[list[str]], problems: list[arithmetic.Problem]) -> float:
    """Return the share of responses that end with the right answer in a box."""
    expected = (arithmetic.answer_pieces(problem.target)[1:] for problem in problems)
    return mean(response[-4:] == answer for response, answer in zip(responses, expected, strict=True))


def main() -> None:
    """Print accuracy and length per level, and the forced-answer curve of models that reason."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--problems", type=int, default=200, metavar="N", help="dev problems per level (default 200)")
    parser.add_argument("--temperature", type=float, default=0.6, help="0 is greedy (default 0.6)")
    parser.add_argument("--direct", action="store_true", help="the models answer without reasoning")
    parser.add_argument("--curve", action="store_true", help="also cut the reasoning at growing budgets")
    options = parser.parse_args()
    for folder in options.folder:
        for level in arithmetic.LEVELS:
            found = evaluate_dev(
                folder, level, options.problems, temperature=options.temperature, thinks=not options.direct
            )
            print(f"{folder.name} {level}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()))
            if options.curve:
                curve = forced_answer_curve(folder, level, options.problems, temperature=options.temperature)
                print("  " + "  ".join(f"{row['budget']}: {row['accuracy']:.2f}" for row in curve))


if __name__ == "__main__":
    main()
