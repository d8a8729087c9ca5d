// Records the three weights of each smooth minimum and gathers the cotangents backwards.
#include <algorithm>
#include <cmath>
#include <vector>

extern "C" double soft_dtw(const double *x, long n, const double *y, long m, double gamma, double *x_bar,
                           double *y_bar) {
    const double inverse = 1.0 / gamma, far = 1e10;
    std::vector<double> weights(n * m * 3), row(m + 1, far), above(m + 1, far);
    above[0] = 0.0;
    for (long i = 0; i < n; i++) {
        row[0] = far;
        for (long j = 0; j < m; j++) {
            const double a = above[j], b = above[j + 1], c = row[j];
            const double low = std::min({a, b, c});
            const double p = std::exp((low - a) * inverse), q = std::exp((low - b) * inverse);
            const double r = std::exp((low - c) * inverse), s = p + q + r, share = 1.0 / s;
            double *w = &weights[(i * m + j) * 3];
            w[0] = p * share, w[1] = q * share, w[2] = r * share;
            row[j + 1] = (x[i] - y[j]) * (x[i] - y[j]) + low - gamma * std::log(s);
        }
        std::swap(row, above);
    }
    const double value = above[m];
    std::fill_n(x_bar, n, 0.0);
    std::fill_n(y_bar, m, 0.0);
    std::fill(row.begin(), row.end(), 0.0);
    row[m - 1] = 1.0;
    for (long i = n - 1; i >= 0; i--) {
        std::fill(above.begin(), above.end(), 0.0);
        for (long j = m - 1; j >= 0; j--) {
            const double g = row[j], e = 2.0 * g * (x[i] - y[j]), *w = &weights[(i * m + j) * 3];
            x_bar[i] += e;
            y_bar[j] -= e;
            if (j > 0) {
                above[j - 1] += g * w[0];
                row[j - 1] += g * w[2];
            }
            above[j] += g * w[1];
        }
        std::swap(row, above);
    }
    return value;
}
