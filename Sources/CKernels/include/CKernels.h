// The element-wise loops of training, each beside a plain scalar reference (`…_reference`) that tests hold
// it against. Pointers need no alignment; source and destination may be the same memory, never overlap otherwise.
#ifndef SELVA_KERNELS_H
#define SELVA_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// Tells the processor that this thread spins.
static inline void selva_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// ---- Activations (activations.c). Numbers match Swift's `Activation.kernel`.
enum {
  selva_selu = 0,
  selva_relu = 1,
  selva_leaky_relu = 2,
  selva_elu = 3,
  selva_gelu = 4,
  selva_silu = 5,
  selva_tanh = 6,
  selva_short_selu = 7,  // lambda (e^x - 1) below 0, x above: the formula without alpha, to show what it loses
};
// 1 when the derivative is a function of the output, 0 when backward needs the input.
int selva_derivative_from_output(int kind);
void selva_activation_forward(int kind, const float *input, float *output, size_t n);
void selva_activation_forward_bf16(int kind, const float *input, uint16_t *output, size_t n);
// result = gradient * f'(reference), where reference is the output or the input as told above.
void selva_activation_backward(int kind, const float *reference, const float *gradient, float *result, size_t n);
void selva_activation_backward_bf16(
    int kind, const float *input, const uint16_t *output, const float *gradient, uint16_t *result, size_t n);
double selva_activation_reference(int kind, double x);
double selva_activation_derivative_reference(int kind, double x);

// ---- Likelihoods of one row (likelihoods.c): negative log-likelihood in nats; where `gradient` or
// `gradient16` is given, it receives scale * d(nll)/d(prediction).
double selva_bernoulli(
    const float *logits, const float *x, float *gradient, uint16_t *gradient16, float scale, size_t n);
double selva_continuous_bernoulli(
    const float *logits, const float *x, float *gradient, uint16_t *gradient16, float scale, size_t n);
// log_variance is shared by the row; square_error receives sum (x - mean)^2.
double selva_gaussian(
    const float *means, const float *x, float log_variance, float *gradient, uint16_t *gradient16, float scale,
    size_t n, double *square_error);
double selva_bernoulli_reference(const float *logits, const float *x, double *gradient, size_t n);
double selva_continuous_bernoulli_reference(const float *logits, const float *x, double *gradient, size_t n);
void selva_sigmoid(const float *x, float *y, size_t n);
// For pixels of `channels` (1 or 3) values, channel by channel; slopes[c] receives d(nll)/d(spread of channel c).
// The Gaussian, whose spreads are log variances.
double selva_gaussian_channels(
    const float *means, const float *x, const float *log_variances, size_t channels, float *gradient,
    uint16_t *gradient16, float scale, size_t n, double *slopes);
// The logistic on 256 levels of [0, 1] (Salimans et al. 2017, equations 1 and 2 with one component): -log of the
// probability of the level nearest to x. Spreads are log scales, in units of [0, 1]; under e^-60 none is told from it.
double selva_discretized_logistic(
    const float *means, const float *x, const float *log_scales, size_t channels, float *gradient,
    uint16_t *gradient16, float scale, size_t n, double *slopes);
double selva_gaussian_channels_reference(
    const float *means, const float *x, const float *log_variances, size_t channels, double *gradient, size_t n,
    double *slopes);
double selva_discretized_logistic_reference(
    const float *means, const float *x, const float *log_scales, size_t channels, double *gradient, size_t n,
    double *slopes);

// ---- Small vectors (vectors.c)
void selva_exp(const float *x, float scale, float *y, size_t n);  // y = e^(scale x)
void selva_scale(float *x, float factor, size_t n);
void selva_scale_bf16(uint16_t *x, float factor, size_t n);
void selva_to_bf16(const float *x, uint16_t *y, size_t n);
void selva_from_bf16(const uint16_t *x, float *y, size_t n);
void selva_add(const float *x, float *y, size_t n);  // y += x
void selva_add_bf16(const uint16_t *x, float *y, uint16_t *sum, size_t n);  // y += x, and the same as bf16
double selva_sum_of_squares(const float *x, size_t n);
size_t selva_finite_prefix(const float *x, size_t n);  // how many come before the first NaN or infinity; n: there is none
// y[j] += sum over rows of x[row * stride + j], j < columns.
void selva_column_sums(const float *x, size_t rows, size_t stride, size_t columns, float *y);
void selva_column_sums_bf16(const uint16_t *x, size_t rows, size_t stride, size_t columns, float *y);

// ---- A row of a batch (vectors.c): target = bytes / 255.
void selva_scale_bytes(const uint8_t *bytes, float *target, size_t n);
// input = target * factor[j] + shift[j].
void selva_standardize(const float *target, const float *factor, const float *shift, float *input, size_t n);
void selva_standardize_bf16(
    const float *target, const float *factor, const float *shift, uint16_t *input, size_t n);

// ---- A matrix most of whose values are 0, times dense ones (sparse.c).
// Two neighbouring values of a row, 2 * index and 2 * index + 1: where one is not 0, the other often is not either.
typedef struct {
  uint32_t index;
  float values[2];
} selva_pair;
// Of each row, those that are not both 0, in the order of their index, from pairs[row * capacity] on. Those of block b of
// `selva_sparse_block` columns are the ones from starts[row * (blocks + 1) + b] up to the next of `starts`.
typedef struct {
  size_t columns, blocks, capacity;
  uint32_t *starts;
  selva_pair *pairs;
} selva_sparse;
enum { selva_sparse_block = 192, selva_panel_width = 64 };
// Row `row`, anew: x * factor.
void selva_sparse_row(const float *x, const float *factor, const selva_sparse *matrix, size_t row);
// The same by column: list i is of columns 2i and 2i + 1, the counts[i] pairs from pairs[i * capacity] on, whose index is the row.
typedef struct {
  size_t lists, capacity;
  uint32_t *counts;
  selva_pair *pairs;
} selva_sparse_columns;
void selva_sparse_by_column(const selva_sparse *matrix, size_t rows, const selva_sparse_columns *columns);
// n <= `selva_panel_width` columns of a dense matrix without gaps, in whole vectors of 16: of x, or of the transposed of x, an
// even number of rows.
void selva_panel(const float *x, size_t rows, size_t stride, size_t n, float *panel);
void selva_panel_transposed(const float *x, size_t n, size_t stride, size_t rows, float *panel);
// result[i, j] = base[j] + sum over row i of value * panel[column, j], for `count` rows from `first` on. `base` has all columns
// of the panel's vectors. Meanwhile the `next_size` bytes at `next` are fetched, which are read soon after.
void selva_sparse_product(
    const selva_sparse *matrix, size_t first, size_t count, const float *panel, const float *base, float *result,
    size_t stride, size_t n, const void *next, size_t next_size);
// result[j, i] = base[j] * scale[i] + sum over column i of value * panel[row, j], for `count` columns.
void selva_sparse_gradient(
    const selva_sparse_columns *columns, size_t count, const float *panel, const float *base, const float *scale,
    float *result, size_t stride, size_t n);

// ---- Mixtures of Gaussians with diagonal covariance (mixture.c): component k has its mean at means + k * stride and
// 1 / variance at precisions + k * n.
// distances[k] = sum of (z - mean)^2 * precision over n values.
void selva_mixture_distances(
    const float *z, const float *means, size_t stride, const float *precisions, size_t components, size_t n,
    float *distances);
// From distances, in place, each component's share of p(z), which add up to 1; log p(z), with constants
// log weight + log normalization.
double selva_mixture_shares(const float *constants, float *distances, size_t components);
// gradient += sum over k of weights[k] * (z - mean) * precision.
void selva_mixture_pull(
    const float *z, const float *means, size_t stride, const float *precisions, const float *weights,
    size_t components, size_t n, float *gradient);
// Of -sum over rows of weight * log N(z; mean, variance) by one component's mean and log variance.
void selva_mixture_component(
    const float *z, size_t z_stride, const float *weights, size_t weight_stride, size_t rows, const float *mean,
    const float *precision, size_t n, float *mean_gradient, float *log_variance_gradient);
double selva_mixture_distance_reference(const float *z, const float *mean, const float *precision, size_t n);

// ---- Patches (patches.c): the kernel * kernel pixels under each position of a convolution, channels innermost. Pixels
// beyond the map's edges count as 0.
typedef struct {
  size_t height, width, channels;  // of the map
  size_t columns;                  // positions on a line
  size_t kernel, stride;
  size_t top, left;                // pixels before the map that the first patch begins with
} selva_patches;
// Values [first, last) of each patch of a line of positions, one patch after the other; elements of 2 or 4 bytes, a
// kernel of 64 at most.
void selva_gather_patches(
    const selva_patches *p, const void *map, size_t element, size_t line, size_t first, size_t last, void *gathered);
// Adds the patches of a line of positions, all their values, to the map.
void selva_scatter_patches(const selva_patches *p, const float *patches, size_t line, float *map);

// ---- Adam (adam.c), one pass: moments, bias correction, decoupled weight decay, bf16 copy, running average.
typedef struct {
  float beta1, beta2, epsilon;
  float gradient_scale;          // clipping
  float step_size;               // learning rate / (1 - beta1^t)
  float inverse_root_correction; // 1 / sqrt(1 - beta2^t)
  float decay;                   // 1 - learning rate * weight decay
  float average_decay;           // of the running average of the weights
} selva_adam_step;
void selva_adam(
    const selva_adam_step *step, float *weights, float *first, float *second, const float *gradient, size_t n,
    uint16_t *weights16, float *average);
void selva_adam_reference(
    const selva_adam_step *step, float *weights, float *first, float *second, const float *gradient, size_t n);

// ---- Philox4x32-10 (random.c; Salmon et al. 2011). A stream is (key, counter words 1...3); word 0 counts blocks.
typedef struct {
  uint32_t key[2];
  uint32_t counter[3];
} selva_stream;
void selva_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);
void selva_random_bits(const selva_stream *stream, uint32_t *output, size_t n);
// Standard normals by Box-Muller, values 0 ..< n of the stream.
void selva_normals(const selva_stream *stream, float *output, size_t n);
void selva_normals_reference(const selva_stream *stream, double *output, size_t n);
// y = 1 where the stream's uniform in [0, 1) is below x, else 0.
void selva_binarize(const selva_stream *stream, const float *x, float *y, size_t n);

// ---- Processors that the calling thread may run on (processors.c), a bit each. The functions return 0 where the system
// has no such thing.
enum { SELVA_PROCESSORS = 1024 };
typedef struct {
  uint64_t words[SELVA_PROCESSORS / 64];
} selva_processors;
int selva_processors_get(selva_processors *processors);
int selva_processors_set(const selva_processors *processors);
// Returns whether any is left.
int selva_processors_remove(selva_processors *processors, int processor);
// The one that the calling thread runs on; negative where the system does not tell.
int selva_processor(void);
// How often the system has taken the processor from the calling thread; 0 where it does not tell. (The time that a thread
// has had would tell as much, but to ask for it makes Linux think again whose turn it is.)
long selva_times_put_off(void);

#endif
