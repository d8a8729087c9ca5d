"""The reprojection error of cameras that see points: rotations by Rodrigues' formula, with radial distortion.

A camera has three numbers of rotation, its position, and focal length with two numbers of distortion. The adjoint joins
both sweeps of an observation and records nothing.
"""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def bundle_adjustment(cameras, points, camera_of, point_of, seen):
    total = 0.0
    for k in range(seen.shape[0]):
        camera = cameras[camera_of[k]]
        point = points[point_of[k]]
        x, y, z = point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]
        angle2 = camera[0] ** 2 + camera[1] ** 2 + camera[2] ** 2
        angle = math.sqrt(angle2)
        cosine, sine = math.cos(angle), math.sin(angle)
        a, b, c = camera[0] / angle, camera[1] / angle, camera[2] / angle
        along = (a * x + b * y + c * z) * (1.0 - cosine)
        p = x * cosine + (b * z - c * y) * sine + a * along
        q = y * cosine + (c * x - a * z) * sine + b * along
        r = z * cosine + (a * y - b * x) * sine + c * along
        u, v = p / r, q / r
        radius2 = u * u + v * v
        scale = camera[6] * (1.0 + radius2 * (camera[7] + radius2 * camera[8]))
        total += (scale * u - seen[k, 0]) ** 2 + (scale * v - seen[k, 1]) ** 2
    return 0.5 * total


@hand_sums
def adjoint(cameras, points, camera_of, point_of, seen):
    cameras_bar, points_bar = np.zeros(cameras.shape), np.zeros(points.shape)
    total = 0.0
    for k in range(seen.shape[0]):
        m, n = camera_of[k], point_of[k]
        x, y, z = points[n, 0] - cameras[m, 3], points[n, 1] - cameras[m, 4], points[n, 2] - cameras[m, 5]
        angle = math.sqrt(cameras[m, 0] ** 2 + cameras[m, 1] ** 2 + cameras[m, 2] ** 2)
        cosine, sine, rate = math.cos(angle), math.sin(angle), 1.0 / angle
        a, b, c = cameras[m, 0] * rate, cameras[m, 1] * rate, cameras[m, 2] * rate
        dot, rest = a * x + b * y + c * z, 1.0 - cosine
        along = dot * rest
        i, j, h = b * z - c * y, c * x - a * z, a * y - b * x
        p, q, r = (
            x * cosine + i * sine + a * along,
            y * cosine + j * sine + b * along,
            z * cosine + h * sine + c * along,
        )
        depth = 1.0 / r
        u, v = p * depth, q * depth
        radius2 = u * u + v * v
        focal, first, second = cameras[m, 6], cameras[m, 7], cameras[m, 8]
        bent = 1.0 + radius2 * (first + radius2 * second)
        scale = focal * bent
        du, dv = scale * u - seen[k, 0], scale * v - seen[k, 1]
        total += du * du + dv * dv
        scale_bar = du * u + dv * v
        radius_bar = scale_bar * focal * (first + 2.0 * radius2 * second)
        u_bar, v_bar = du * scale + 2.0 * u * radius_bar, dv * scale + 2.0 * v * radius_bar
        p_bar, q_bar = u_bar * depth, v_bar * depth
        r_bar = -(u_bar * u + v_bar * v) * depth
        along_bar = p_bar * a + q_bar * b + r_bar * c
        dot_bar = along_bar * rest
        i_bar, j_bar, h_bar = p_bar * sine, q_bar * sine, r_bar * sine
        a_bar = p_bar * along + dot_bar * x - j_bar * z + h_bar * y
        b_bar = q_bar * along + dot_bar * y + i_bar * z - h_bar * x
        c_bar = r_bar * along + dot_bar * z - i_bar * y + j_bar * x
        cosine_bar = p_bar * x + q_bar * y + r_bar * z - along_bar * dot
        sine_bar = p_bar * i + q_bar * j + r_bar * h
        x_bar = p_bar * cosine + dot_bar * a + j_bar * c - h_bar * b
        y_bar = q_bar * cosine + dot_bar * b + h_bar * a - i_bar * c
        z_bar = r_bar * cosine + dot_bar * c + i_bar * b - j_bar * a
        angle_bar = sine_bar * cosine - cosine_bar * sine - (a_bar * a + b_bar * b + c_bar * c) * rate
        cameras_bar[m, 0] += a_bar * rate + angle_bar * a
        cameras_bar[m, 1] += b_bar * rate + angle_bar * b
        cameras_bar[m, 2] += c_bar * rate + angle_bar * c
        cameras_bar[m, 3] -= x_bar
        cameras_bar[m, 4] -= y_bar
        cameras_bar[m, 5] -= z_bar
        cameras_bar[m, 6] += scale_bar * bent
        cameras_bar[m, 7] += scale_bar * focal * radius2
        cameras_bar[m, 8] += scale_bar * focal * radius2 * radius2
        points_bar[n, 0] += x_bar
        points_bar[n, 1] += y_bar
        points_bar[n, 2] += z_bar
    return 0.5 * total, (cameras_bar, points_bar)


def scene(rng, cameras, points, observations):
    """Cameras around points, and what they see with some error."""
    made = np.concatenate(
        [
            rng.normal(0.0, 0.3, (cameras, 3)),
            rng.normal(0.0, 0.2, (cameras, 3)) - [0.0, 0.0, 5.0],
            rng.normal([1.0, 0.05, 0.01], 0.01, (cameras, 3)),
        ],
        axis=1,
    )
    which = rng.integers(cameras, size=observations), rng.integers(points, size=observations)
    return made, rng.normal(size=(points, 3)), *which, rng.normal(0.0, 0.3, (observations, 2))


PROGRAM = Program(
    function=bundle_adjustment,
    argnums=(0, 1),
    primal=hand(bundle_adjustment),
    adjoint=adjoint,
    inputs=scene,
    small=(2, 3, 5),
    large=(20, 500, 10_000),
    tape=lambda cameras, points, camera_of, point_of, seen: 0,
)
