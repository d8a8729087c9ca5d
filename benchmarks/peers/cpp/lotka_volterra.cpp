// Records the state at the start of each step and computes the slopes anew.
#include <vector>

struct Rates {
    double alpha, beta;
    double x(double x, double y) const { return x * (alpha - beta * y); }
    double y(double x, double y) const { return y * (0.3 * x - 0.8); }
};

struct Bars {
    double x, y;
};

// The cotangents of the state at which a slope is taken; those of the rates are added up.
static Bars back(const Rates &r, double x, double y, double kx_bar, double ky_bar, Rates &sums) {
    const double g = kx_bar * x;
    sums.alpha += g;
    sums.beta -= g * y;
    return {kx_bar * (r.alpha - r.beta * y) + 0.3 * y * ky_bar, ky_bar * (0.3 * x - 0.8) - r.beta * g};
}

extern "C" double lotka_volterra(double alpha, double beta, double h, long steps, double *alpha_bar,
                                 double *beta_bar) {
    const Rates rates{alpha, beta};
    const double half = 0.5 * h, sixth = h / 6.0;
    std::vector<double> xs(steps + 1), ys(steps + 1);
    double x = 1.2, y = 0.7, loss = 0.0;
    for (long n = 0; n < steps; n++) {
        xs[n] = x, ys[n] = y;
        const double ax = rates.x(x, y), ay = rates.y(x, y);
        const double x2 = x + half * ax, y2 = y + half * ay, bx = rates.x(x2, y2), by = rates.y(x2, y2);
        const double x3 = x + half * bx, y3 = y + half * by, cx = rates.x(x3, y3), cy = rates.y(x3, y3);
        const double x4 = x + h * cx, y4 = y + h * cy, dx = rates.x(x4, y4), dy = rates.y(x4, y4);
        x += sixth * (ax + 2.0 * bx + 2.0 * cx + dx);
        y += sixth * (ay + 2.0 * by + 2.0 * cy + dy);
        loss += h * (x - y) * (x - y);
    }
    xs[steps] = x, ys[steps] = y;
    Rates sums{0.0, 0.0};
    double x_bar = 0.0, y_bar = 0.0;
    for (long n = steps - 1; n >= 0; n--) {
        const double g = 2.0 * h * (xs[n + 1] - ys[n + 1]);
        x_bar += g;
        y_bar -= g;
        x = xs[n], y = ys[n];
        const double x2 = x + half * rates.x(x, y), y2 = y + half * rates.y(x, y);
        const double x3 = x + half * rates.x(x2, y2), y3 = y + half * rates.y(x2, y2);
        const double x4 = x + h * rates.x(x3, y3), y4 = y + h * rates.y(x3, y3);
        const double sx = sixth * x_bar, sy = sixth * y_bar;
        const Bars p = back(rates, x4, y4, sx, sy, sums);
        const Bars q = back(rates, x3, y3, 2.0 * sx + h * p.x, 2.0 * sy + h * p.y, sums);
        const Bars r = back(rates, x2, y2, 2.0 * sx + half * q.x, 2.0 * sy + half * q.y, sums);
        const Bars s = back(rates, x, y, sx + half * r.x, sy + half * r.y, sums);
        x_bar += p.x + q.x + r.x + s.x;
        y_bar += p.y + q.y + r.y + s.y;
    }
    *alpha_bar = sums.alpha;
    *beta_bar = sums.beta;
    return loss;
}
