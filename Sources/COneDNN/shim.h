// oneDNN as Selva uses it: one matrix product, compiled and bound to its memory once and run many times. Versions 2 and 3
// differ in C (3 drops the operation descriptors); the difference ends here.
#ifndef SELVA_ONEDNN_SHIM_H
#define SELVA_ONEDNN_SHIM_H

#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
  void *data;
  int64_t row_stride;  // elements between rows as they lie in memory
  int bfloat16;        // 0: float32
  int transposed;      // the operand is the transpose of what lies in memory
} selva_operand;

typedef struct {
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  dnnl_memory_t memory[4];
  dnnl_exec_arg_t arguments[4];
  int count;
} selva_product;

static inline int selva_onednn_major(void) { return DNNL_VERSION_MAJOR; }

// Whether products of bfloat16 run in hardware, as against being emulated.
static inline int selva_has_bfloat16(void) {
#if defined(__x86_64__)
  int wanted = dnnl_cpu_isa_avx512_core_bf16;
  return ((int)dnnl_get_effective_cpu_isa() & wanted) == wanted;
#else
  return 0;
#endif
}

static inline dnnl_engine_t selva_engine_create(void) {
  dnnl_engine_t engine = NULL;
  return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : NULL;
}

static inline void selva_product_destroy(selva_product *product) {
  if (!product) return;
  for (int i = 0; i < product->count; i++) dnnl_memory_destroy(product->memory[i]);
  if (product->stream) dnnl_stream_destroy(product->stream);
  if (product->primitive) dnnl_primitive_destroy(product->primitive);
  free(product);
}

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t selva_description;
static inline dnnl_status_t selva_describe(
    selva_description *d, int64_t rows, int64_t columns, const selva_operand *o) {
  dnnl_dims_t sizes = {rows, columns};
  dnnl_dims_t strides = {o->transposed ? 1 : o->row_stride, o->transposed ? o->row_stride : 1};
  return dnnl_memory_desc_create_with_strides(d, 2, sizes, o->bfloat16 ? dnnl_bf16 : dnnl_f32, strides);
}
static inline void selva_forget(selva_description *d) { if (*d) dnnl_memory_desc_destroy(*d); }
static inline dnnl_status_t selva_matmul(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, selva_description d[4], int has_bias,
    dnnl_primitive_attr_t attributes) {
  return dnnl_matmul_primitive_desc_create(pd, engine, d[0], d[1], has_bias ? d[3] : NULL, d[2], attributes);
}
static inline dnnl_status_t selva_append_sum(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
}
static inline dnnl_status_t selva_bind(
    dnnl_memory_t *memory, selva_description *d, dnnl_engine_t engine, void *data) {
  return dnnl_memory_create(memory, *d, engine, data);
}
#else
typedef dnnl_memory_desc_t selva_description;
static inline dnnl_status_t selva_describe(
    selva_description *d, int64_t rows, int64_t columns, const selva_operand *o) {
  dnnl_dims_t sizes = {rows, columns};
  dnnl_dims_t strides = {o->transposed ? 1 : o->row_stride, o->transposed ? o->row_stride : 1};
  return dnnl_memory_desc_init_by_strides(d, 2, sizes, o->bfloat16 ? dnnl_bf16 : dnnl_f32, strides);
}
static inline void selva_forget(selva_description *d) { (void)d; }
static inline dnnl_status_t selva_matmul(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, selva_description d[4], int has_bias,
    dnnl_primitive_attr_t attributes) {
  dnnl_matmul_desc_t matmul;
  dnnl_status_t status = dnnl_matmul_desc_init(&matmul, &d[0], &d[1], has_bias ? &d[3] : NULL, &d[2]);
  return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &matmul, attributes, engine, NULL);
}
static inline dnnl_status_t selva_append_sum(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_sum(operations, 1);
}
static inline dnnl_status_t selva_bind(
    dnnl_memory_t *memory, selva_description *d, dnnl_engine_t engine, void *data) {
  return dnnl_memory_create(memory, d, engine, data);
}
#endif

// Attributes of a product that adds to what lies in c; NULL where memory runs out.
static inline dnnl_primitive_attr_t selva_adding(void) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t operations = NULL;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success) status = dnnl_post_ops_create(&operations);
  if (status == dnnl_success) status = selva_append_sum(operations);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
  if (operations) dnnl_post_ops_destroy(operations);
  if (status == dnnl_success) return attributes;
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return NULL;
}

// c [m, n] = a [m, k] b [k, n] + bias [n], or c += where `adds`; NULL where oneDNN cannot do it here.
static inline selva_product *selva_product_create(
    dnnl_engine_t engine, int64_t m, int64_t n, int64_t k, selva_operand a, selva_operand b, float *bias,
    selva_operand c, int adds) {
  selva_product *product = (selva_product *)calloc(1, sizeof *product);
  if (!product) return NULL;
  selva_operand bias_row = {bias, n, 0, 0};
  selva_operand *operands[4] = {&a, &b, &c, &bias_row};
  const int64_t sizes[4][2] = {{m, k}, {k, n}, {m, n}, {1, n}};
  const int names[4] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS};
  selva_description descriptions[4] = {0};
  dnnl_primitive_desc_t matmul = NULL;
  dnnl_primitive_attr_t attributes = adds ? selva_adding() : NULL;
  const int count = bias ? 4 : 3;
  dnnl_status_t status = adds && !attributes ? dnnl_out_of_memory : dnnl_success;
  for (int i = 0; i < count && status == dnnl_success; i++)
    status = selva_describe(&descriptions[i], sizes[i][0], sizes[i][1], operands[i]);
  if (status == dnnl_success) 
    status = selva_matmul(&matmul, engine, descriptions, bias != NULL, attributes);
  if (status == dnnl_success) status = dnnl_primitive_create(&product->primitive, matmul);
  if (status == dnnl_success) status = dnnl_stream_create(&product->stream, engine, dnnl_stream_default_flags);
  for (int i = 0; i < count && status == dnnl_success; i++) {
    status = selva_bind(&product->memory[i], &descriptions[i], engine, operands[i]->data);
    if (status != dnnl_success) break;
    product->count = i + 1;
    product->arguments[i].arg = names[i];
    product->arguments[i].memory = product->memory[i];
  }
  for (int i = 0; i < count; i++) selva_forget(&descriptions[i]);
  if (matmul) dnnl_primitive_desc_destroy(matmul);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  if (status == dnnl_success) return product;
  selva_product_destroy(product);
  return NULL;
}

// Binds operand 0 (a), 1 (b) or 2 (c) to other memory that is laid out as before.
static inline int selva_product_bind(const selva_product *product, int operand, void *data) {
  return dnnl_memory_set_data_handle(product->memory[operand], data) == dnnl_success;
}

static inline int selva_product_execute(const selva_product *product) {
  return dnnl_primitive_execute(product->primitive, product->stream, product->count, product->arguments)
      == dnnl_success;
}

#endif
