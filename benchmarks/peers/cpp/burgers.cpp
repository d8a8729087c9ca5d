// Writes the history directly, without copies, and gathers.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

static void step(const double *__restrict u, double *__restrict next, long n, double a, double d) {
    next[0] = u[0], next[n - 1] = u[n - 1];
    for (long i = 1; i < n - 1; i++)
        next[i] = u[i] + (d * (u[i + 1] - 2.0 * u[i] + u[i - 1]) - a * u[i] * (u[i + 1] - u[i - 1]));
}

// Gathers the cotangent of one step, whose ends are zero; the result is that of d.
static double step_bar(const double *__restrict u, const double *__restrict next_bar, double *__restrict u_bar,
                       long n, double a, double d) {
    double d_bar = 0.0;
#pragma omp simd reduction(+ : d_bar)
    for (long i = 1; i < n - 1; i++) {
        const double left = next_bar[i - 1], here = next_bar[i], right = next_bar[i + 1];
        d_bar += here * (u[i + 1] - 2.0 * u[i] + u[i - 1]);
        u_bar[i] = here * (1.0 - 2.0 * d - a * (u[i + 1] - u[i - 1])) + left * (d - a * u[i - 1]) +
                   right * (d + a * u[i + 1]);
    }
    return d_bar;
}

extern "C" double burgers(const double *u0, long n, double nu, double dt, double dx, long steps, double *u0_bar,
                          double *nu_bar) {
    const double a = dt / (2.0 * dx), d = dt * nu / (dx * dx);
    const std::unique_ptr<double[]> history(new double[(steps + 1) * n]);
    std::copy_n(u0, n, history.get());
    for (long t = 0; t < steps; t++) step(&history[t * n], &history[(t + 1) * n], n, a, d);
    std::vector<double> next_bar(n), u_bar(n, 0.0);
    double energy = 0.0;
    for (long i = 0; i < n; i++) {
        const double w = history[steps * n + i];
        energy += 0.5 * dx * w * w;
        next_bar[i] = dx * w;
    }
    double first = next_bar[0], last = next_bar[n - 1], d_bar = 0.0;
    next_bar[0] = next_bar[n - 1] = 0.0;
    for (long t = steps - 1; t >= 0; t--) {
        const double *u = &history[t * n];
        first += next_bar[1] * (d + a * u[1]);
        last += next_bar[n - 2] * (d - a * u[n - 2]);
        d_bar += step_bar(u, next_bar.data(), u_bar.data(), n, a, d);
        std::swap(u_bar, next_bar);
    }
    std::copy_n(next_bar.begin(), n, u0_bar);
    u0_bar[0] = first, u0_bar[n - 1] = last;
    *nu_bar = d_bar * dt / (dx * dx);
    return energy;
}
