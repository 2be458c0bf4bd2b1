#include "CKernels.h"
int selva_placeholder(void){return 0;}
