"""Uses of `scipy.linalg`, and of `np.linalg` on one matrix."""

import numpy as np
import scipy.linalg as sl

from tests.support.usages import Usages

U = Usages()
use = U.use
rng = np.random.default_rng(9)
A = rng.normal(size=(4, 4)) / 2 + np.diag([1.0, 2.0, 3.0, 4.0])
S = A @ A.T
B, V = rng.normal(size=(4, 2)), rng.normal(size=4)

use("solve_triangular", lambda a, v: sl.solve_triangular(a, v), A, V)
use("solve_triangular lower", lambda a, b: sl.solve_triangular(a, b, lower=True), A, B)
use("solve_triangular trans", lambda a, b: sl.solve_triangular(a, b, trans=1, lower=True), A, B)
use("solve_triangular unit", lambda a, b: sl.solve_triangular(a, b, unit_diagonal=True), A, B)
use("scipy cholesky", lambda a: sl.cholesky(a), S)
use("scipy cholesky lower", lambda a: sl.cholesky(a, lower=True), S)
use("cho_solve", lambda a, b: sl.cho_solve(sl.cho_factor(a), b), S, B)
use("cho_solve lower", lambda a, v: sl.cho_solve((sl.cholesky(a, lower=True), True), v), S, V)
use("scipy solve", lambda a, b: sl.solve(a, b), A, B)
use("scipy solve pos", lambda a, v: sl.solve(a, v, assume_a="pos"), S, V)
use("scipy inv", lambda a: sl.inv(a), A)
use("scipy det", lambda a: sl.det(a), A)
use("scipy eigh", lambda a: sl.eigh(a, eigvals_only=True), S)
use("scipy eigvalsh of two", lambda a, b: sl.eigvalsh(a, b), A + A.T, S)
use("scipy svdvals", lambda a: sl.svdvals(a), A)
use("scipy qr", lambda b: sl.qr(b, mode="economic"), B)
use("scipy pinv", lambda b: sl.pinv(b), B)
use("scipy norm", lambda b: sl.norm(b), B)
use("block_diag", lambda a, b: sl.block_diag(a, b, 2.0 * a[:1, :1]), A, B)
use("toeplitz", lambda v: sl.toeplitz(v), V)
use("toeplitz row", lambda v, b: sl.toeplitz(v, b[:3, 0]), V, B)
use("expm", lambda a: sl.expm(a), A / 2)
use("expm small", lambda a: sl.expm(a / 50), A)
use("eigh", lambda a: tuple(np.linalg.eigh(a)), S)
use("eigh upper", lambda a: tuple(np.linalg.eigh(a, "U")), S)
use("eigh upper of a stack", lambda a: tuple(np.linalg.eigh(a, UPLO="U")), np.stack([S, S + B @ B.T, A]))
use("scipy eigh vectors", lambda a: sl.eigh(a)[1] ** 2, S)
use("scipy eigh vectors upper", lambda a: sl.eigh(a, lower=False)[1] ** 2, A)
use("scipy eigh of two", lambda a, b: sl.eigh(a, b), A, S)
use("scipy eigh of two upper", lambda a, b: sl.eigh(a, b, lower=False), A, S)
use("svd square", lambda a: np.linalg.svd(a)[1], A)
use("qr r", lambda a: np.linalg.qr(a, mode="r"), A)
use("lstsq matrix", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], rng.normal(size=(6, 3)), rng.normal(size=(6, 2)))
use("lstsq wide", lambda a, b: np.linalg.lstsq(a, b)[0], rng.normal(size=(3, 5)), rng.normal(size=3))
