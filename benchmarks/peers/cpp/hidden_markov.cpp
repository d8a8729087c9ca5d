// Records the normalised probabilities, their norms and the likelihoods.
#include <algorithm>
#include <cmath>
#include <vector>

extern "C" double hidden_markov(const double *start, long states, const double *transition, long, long,
                                const double *score, long steps, long, double *start_bar, double *transition_bar,
                                double *score_bar) {
    std::vector<double> alpha(steps * states), likely(steps * states), norms(steps);
    std::vector<double> reached(states), alpha_bar(states, 0.0);
    double total = 0.0;
    for (long t = 0; t < steps; t++) {
        double *now = &alpha[t * states];
        if (t == 0) {
            std::copy_n(start, states, reached.begin());
        } else {
            std::fill(reached.begin(), reached.end(), 0.0);
            for (long i = 0; i < states; i++)
                for (long j = 0; j < states; j++) reached[j] += now[i - states] * transition[i * states + j];
        }
        double norm = 0.0;
        for (long j = 0; j < states; j++) {
            likely[t * states + j] = std::exp(score[t * states + j]);
            now[j] = reached[j] * likely[t * states + j];
            norm += now[j];
        }
        for (long j = 0; j < states; j++) now[j] /= norm;
        norms[t] = norm;
        total += std::log(norm);
    }
    std::fill_n(transition_bar, states * states, 0.0);
    for (long t = steps - 1; t >= 0; t--) {
        const double *now = &alpha[t * states];
        double inner = 0.0;
#pragma omp simd reduction(+ : inner)
        for (long j = 0; j < states; j++) inner += alpha_bar[j] * now[j];
        for (long j = 0; j < states; j++) {
            const double new_bar = (alpha_bar[j] + 1.0 - inner) / norms[t];
            reached[j] = new_bar * likely[t * states + j];
            score_bar[t * states + j] = new_bar * now[j] * norms[t];
        }
        if (t == 0) break;
        for (long i = 0; i < states; i++) {
            double back = 0.0;
#pragma omp simd reduction(+ : back)
            for (long j = 0; j < states; j++) {
                transition_bar[i * states + j] += now[i - states] * reached[j];
                back += transition[i * states + j] * reached[j];
            }
            alpha_bar[i] = back;
        }
    }
    std::copy(reached.begin(), reached.end(), start_bar);
    return total;
}
