"""The maximum of a log-likelihood over positive parameters, or a refusal: never the place where a search gave up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from etl.errors import MendError

Array = NDArray[np.float64]
Likelihood = Callable[[Array], tuple[float, Array]]  # of the parameters: its value, and its slope by each of them
FARTHEST = float(np.log(1e4))  # a parameter beyond 1e-4 to 1e4 has run away: the data do not hold it
STEEPEST = 1e-8  # slope of the mean log-likelihood by a logarithm that still counts as none
DIFFERENCE = 1e-4  # step in a logarithm by which slopes are compared for the curvature
NEWTON_STEPS = 20
ENOUGH = 20_000  # entries of a part


def dot(one: Array, other: Array) -> float:
    """The sum of the products. Without BLAS, whose threads wait for each other when the machine has other work."""
    return float(np.einsum("i,i->", one, other))


class NoModelError(MendError):
    """The data do not carry a model, for the `reason`, a word of core.term (kind lifetime)."""

    def __init__(self, reason: str, message: str) -> None:
        """The word for the table and the sentence for a person."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Optimum:
    """The parameters with the greatest likelihood.

    `covariance` is that of their logarithms: the inverse of the curvature of the log-likelihood there.
    """

    parameters: Array
    log_likelihood: float
    covariance: Array


@dataclass(frozen=True)
class Sample:
    """A log-likelihood of `count` observations; of a part of them it tells where to look for the maximum of all."""

    likelihood: Likelihood
    count: float

    def loss(self, logarithms: Array) -> tuple[float, Array]:
        """The mean, turned round, and its slope by the logarithm of each parameter."""
        parameters = np.exp(logarithms)
        value, slope = self.likelihood(parameters)
        return -value / self.count, -slope * parameters / self.count

    def best_from(self, starts: Sequence[Sequence[float]]) -> Array:
        """The logarithms of the best parameters that a search from each start finds."""
        found = [
            minimize(
                self.loss,
                np.log(start),
                jac=True,
                method="L-BFGS-B",
                bounds=[(-FARTHEST, FARTHEST)] * len(start),
                options={"maxiter": 1000, "ftol": 1e-9, "gtol": STEEPEST},
            ).x
            for start in starts
        ]
        return np.asarray(min(found, key=lambda logarithms: self.loss(logarithms)[0]), np.float64)


def maximum(whole: Sample, part: Sample, starts: Sequence[Sequence[float]], subject: str) -> Optimum:
    """The greatest value of a log-likelihood, searched from every start: of a part first, which is much faster.

    Parameters should be near 1 in their scale. Raises NoModelError (not_determined) with the `subject` where no search
    ends at a maximum within 1e-4 to 1e4: a parameter of 0, or one without bound, then fits as well or better.
    """
    settled = _settled(whole.loss, part.best_from(starts))
    if settled is None:
        best = whole.best_from(starts)
        settled = _settled(whole.loss, best)
    if settled is None:
        raise NoModelError(
            "not_determined",
            f"{subject}: the likelihood has no maximum within bounds (it ends near {_shown(best)}): these data do not "
            "determine the parameters, which takes more buyers, more time, or buyers who differ",
        )
    at, curvature = settled
    covariance = np.asarray(np.linalg.inv(curvature) / whole.count, np.float64)
    return Optimum(np.exp(at), -whole.loss(at)[0] * whole.count, covariance)


def _settled(loss: Likelihood, near: Array) -> tuple[Array, Array] | None:
    """The minimum that Newton's method reaches from a place near it, and the curvature there.

    None where it leaves the bounds or the curvature is not positive in every direction. A search without curvature
    stops where the value hardly moves; this one goes on until the slope is nil.
    """
    for _ in range(NEWTON_STEPS):
        if np.abs(near).max() > FARTHEST - DIFFERENCE:
            return None
        slope, curvature = loss(near)[1], _curvature(loss, near)
        if np.linalg.eigvalsh(curvature)[0] <= 0:
            return None
        if np.abs(slope).max() < STEEPEST:
            return near, curvature
        near = near - np.linalg.solve(curvature, slope)
    return None


def log_deviation(function: Callable[[Array], float], parameters: Array, covariance: Array) -> float:
    """The standard deviation of the logarithm of `function`, from the covariance of the parameters' logarithms."""
    middle = np.log(parameters)
    steps = DIFFERENCE * np.eye(len(parameters))
    sides = [(function(np.exp(middle + step)), function(np.exp(middle - step))) for step in steps]
    slope = np.array([np.log(above / below) / (2 * DIFFERENCE) for above, below in sides])
    return float(np.sqrt(slope @ covariance @ slope))


def _curvature(loss: Likelihood, at: Array) -> Array:
    """The second derivatives, from slopes a small step to both sides of each logarithm."""
    steps = DIFFERENCE * np.eye(len(at))
    rows = np.array([(loss(at + step)[1] - loss(at - step)[1]) / (2 * DIFFERENCE) for step in steps])
    return np.asarray((rows + rows.T) / 2, np.float64)


def _shown(logarithms: Array) -> str:
    return ", ".join(f"{value:.3g}" for value in np.exp(logarithms))
