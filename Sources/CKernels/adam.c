#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// Kingma & Ba 2015, algorithm 1, as PyTorch orders it: epsilon is added after the bias correction of the root.
INLINE void adam(
    const selva_adam_step *s, float *w, float *m, float *v, const float *g, size_t n, uint16_t *w16,
    float *average) {
  const float keep1 = s->beta1, new1 = 1 - s->beta1, keep2 = s->beta2, new2 = 1 - s->beta2;
  EACH_GROUP(
    // All workers read the weights, or their halves; what else moves is one worker's own.
    if (w16) will_write(w16 + i + AHEAD); else will_write(w + i + AHEAD);
    lanes gradient = load_part(g + i, k) * s->gradient_scale;
    lanes first = keep1 * load_part(m + i, k) + new1 * gradient;
    lanes second = keep2 * load_part(v + i, k) + new2 * gradient * gradient;
    lanes root = __builtin_elementwise_sqrt(second) * s->inverse_root_correction + s->epsilon;
    lanes weight = load_part(w + i, k) * s->decay - s->step_size * first / root;
    store_part(m + i, first, k);
    store_part(v + i, second, k);
    store_part(w + i, weight, k);
    if (w16) store_half_part(w16 + i, narrow(weight), k);
    if (average) {
      lanes old = load_part(average + i, k);
      store_part(average + i, old + (1 - s->average_decay) * (weight - old), k);
    })
}

EXPORTED(
    void, selva_adam,
    (const selva_adam_step *step, float *w, float *m, float *v, const float *g, size_t n, uint16_t *w16, float *average),
    (step, w, m, v, g, n, w16, average)) {
  const selva_adam_step s = *step;
  if (average) adam(&s, w, m, v, g, n, w16, average);
  else if (w16) adam(&s, w, m, v, g, n, w16, NULL);
  else adam(&s, w, m, v, g, n, NULL, NULL);
}

void selva_adam_reference(
    const selva_adam_step *s, float *w, float *m, float *v, const float *g, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double gradient = (double)g[i] * s->gradient_scale;
    double first = s->beta1 * (double)m[i] + (1 - (double)s->beta1) * gradient;
    double second = s->beta2 * (double)v[i] + (1 - (double)s->beta2) * gradient * gradient;
    w[i] = (float)(w[i] * (double)s->decay
                   - s->step_size * first / (sqrt(second) * s->inverse_root_correction + s->epsilon));
    m[i] = (float)first;
    v[i] = (float)second;
  }
}
