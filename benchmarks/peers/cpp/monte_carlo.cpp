// Runs each path and then its steps backwards: the tape is the prices of one path.
#include <cmath>
#include <vector>

extern "C" double monte_carlo(double spot, double rate, double volatility, double strike, const double *normal,
                              long paths, long steps, double years, double *spot_bar, double *rate_bar,
                              double *volatility_bar, double *strike_bar) {
    const double dt = years / steps, root = std::sqrt(dt), spread = volatility * root;
    const double drift = (rate - 0.5 * volatility * volatility) * dt;
    std::vector<double> prices(steps);
    double total = 0.0, start_sum = 0.0, drift_sum = 0.0, spread_sum = 0.0;
    long paid = 0;
    for (long p = 0; p < paths; p++) {
        const double *path = normal + p * steps;
        double price = spot, mean = 0.0;
        for (long k = 0; k < steps; k++) {
            price *= std::exp(drift + spread * path[k]);
            prices[k] = price;
            mean += price;
        }
        const double payoff = mean / steps - strike;
        if (payoff <= 0.0) continue;
        total += payoff;
        paid++;
        double later = 0.0;
        for (long k = steps - 1; k >= 0; k--) {
            later += prices[k];
            drift_sum += later;
            spread_sum += later * path[k];
        }
        start_sum += later;
    }
    const double discount = std::exp(-rate * years) / paths, weight = discount / steps, value = discount * total;
    const double drift_bar = drift_sum * weight * dt;
    *spot_bar = start_sum * weight / spot;
    *rate_bar = drift_bar - years * value;
    *volatility_bar = spread_sum * weight * root - drift_bar * volatility;
    *strike_bar = -discount * paid;
    return value;
}
