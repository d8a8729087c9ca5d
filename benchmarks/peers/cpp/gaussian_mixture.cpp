// One sweep over the points: the tape is one point's scaled distances.
#include <algorithm>
#include <cmath>
#include <vector>

extern "C" double gaussian_mixture(const double *weight, long parts, const double *mean, long, long dim,
                                   const double *log_scale, long, long, const double *points, long n, long,
                                   double *weight_bar, double *mean_bar, double *scale_bar) {
    const long size = parts * dim;
    std::vector<double> inverse(size), z(size), work(parts);
    for (long e = 0; e < size; e++) inverse[e] = std::exp(-log_scale[e]);
    std::fill_n(weight_bar, parts, 0.0);
    std::fill_n(mean_bar, size, 0.0);
    std::fill_n(scale_bar, size, 0.0);
    double total = 0.0;
    for (long i = 0; i < n; i++) {
        const double *point = points + i * dim;
        double biggest = -INFINITY;
        for (long k = 0; k < parts; k++) {
            double s = weight[k];
            for (long d = 0; d < dim; d++) {
                const double v = (point[d] - mean[k * dim + d]) * inverse[k * dim + d];
                z[k * dim + d] = v;
                s -= 0.5 * v * v + log_scale[k * dim + d];
            }
            work[k] = s;
            biggest = std::max(biggest, s);
        }
        double s = 0.0;
        for (long k = 0; k < parts; k++) s += work[k] = std::exp(work[k] - biggest);
        total += biggest + std::log(s);
        for (long k = 0; k < parts; k++) {
            const double share = work[k] / s;
            weight_bar[k] += share;
            for (long d = 0; d < dim; d++) {
                const double v = z[k * dim + d];
                mean_bar[k * dim + d] += share * v;
                scale_bar[k * dim + d] += share * (v * v - 1.0);
            }
        }
    }
    for (long k = 0; k < parts; k++) weight_bar[k] /= n;
    for (long e = 0; e < size; e++) {
        mean_bar[e] *= inverse[e] / n;
        scale_bar[e] /= n;
    }
    return total / n;
}
