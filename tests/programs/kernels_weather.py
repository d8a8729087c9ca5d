"""Kernels of weather models: horizontal diffusion with a limiter, and implicit vertical advection in columns."""

import numpy as np

from tests.support.registry import program


def hdiff(inp, coeff):
    ni, nj = 4, 4
    lap = 4.0 * inp[1 : ni + 3, 1 : nj + 3, :] - (
        inp[2 : ni + 4, 1 : nj + 3, :]
        + inp[0 : ni + 2, 1 : nj + 3, :]
        + inp[1 : ni + 3, 2 : nj + 4, :]
        + inp[1 : ni + 3, 0 : nj + 2, :]
    )
    res = lap[1:, 1 : nj + 1, :] - lap[:-1, 1 : nj + 1, :]
    flx = np.where(res * (inp[2 : ni + 3, 2 : nj + 2, :] - inp[1 : ni + 2, 2 : nj + 2, :]) > 0, 0, res)
    res = lap[1 : ni + 1, 1:, :] - lap[1 : ni + 1, :-1, :]
    fly = np.where(res * (inp[2 : ni + 2, 2 : nj + 3, :] - inp[2 : ni + 2, 1 : nj + 2, :]) > 0, 0, res)
    out = inp[2 : ni + 2, 2 : nj + 2, :] - coeff * (flx[1:] - flx[:-1] + fly[:, 1:] - fly[:, :-1])
    return (out**2).sum()


program(
    hdiff,
    lambda rng: (
        rng.random((8, 8, 3)),
        rng.random((4, 4, 3)),
    ),
)


def vadv(u_stage, wcon, u_pos, utens, utens_stage):
    ni, nj, K = utens_stage.shape
    bet = 0.5 * (1.0 + 0.2)
    bea = 0.5 * (1.0 - 0.2)
    dtr = 3.0
    cc = np.empty((ni, nj, K))
    dc = np.empty((ni, nj, K))
    dp = np.empty((ni, nj))
    for k in range(1):
        gcv = 0.25 * (wcon[1:, :, k + 1] + wcon[:-1, :, k + 1])
        cs = gcv * bea
        cc[:, :, k] = gcv * bet
        bcol = dtr - cc[:, :, k]
        corr = -cs * (u_stage[:, :, k + 1] - u_stage[:, :, k])
        dc[:, :, k] = dtr * u_pos[:, :, k] + utens[:, :, k] + utens_stage[:, :, k] + corr
        divided = 1.0 / bcol
        cc[:, :, k] = cc[:, :, k] * divided
        dc[:, :, k] = dc[:, :, k] * divided
    for k in range(1, K - 1):
        gav = -0.25 * (wcon[1:, :, k] + wcon[:-1, :, k])
        gcv = 0.25 * (wcon[1:, :, k + 1] + wcon[:-1, :, k + 1])
        as_ = gav * bea
        cs = gcv * bea
        acol = gav * bet
        cc[:, :, k] = gcv * bet
        bcol = dtr - acol - cc[:, :, k]
        corr = -as_ * (u_stage[:, :, k - 1] - u_stage[:, :, k]) - cs * (u_stage[:, :, k + 1] - u_stage[:, :, k])
        dc[:, :, k] = dtr * u_pos[:, :, k] + utens[:, :, k] + utens_stage[:, :, k] + corr
        divided = 1.0 / (bcol - cc[:, :, k - 1] * acol)
        cc[:, :, k] = cc[:, :, k] * divided
        dc[:, :, k] = (dc[:, :, k] - dc[:, :, k - 1] * acol) * divided
    for k in range(K - 1, K):
        gav = -0.25 * (wcon[1:, :, k] + wcon[:-1, :, k])
        acol = gav * bet
        bcol = dtr - acol
        dc[:, :, k] = (dtr * u_pos[:, :, k] + utens[:, :, k] - dc[:, :, k - 1] * acol) / (bcol - cc[:, :, k - 1] * acol)
    for k in range(K - 1, K - 2, -1):
        dp[:] = dc[:, :, k]
        utens_stage[:, :, k] = dtr * (dp - u_pos[:, :, k])
    for k in range(K - 2, -1, -1):
        d = dc[:, :, k] - cc[:, :, k] * dp
        dp[:] = d
        utens_stage[:, :, k] = dtr * (d - u_pos[:, :, k])
    return np.sum(utens_stage**2)


program(
    vadv,
    lambda rng: (
        rng.random((3, 3, 6)),
        rng.random((4, 3, 6)),
        rng.random((3, 3, 6)),
        rng.random((3, 3, 6)),
        rng.random((3, 3, 6)),
    ),
)
