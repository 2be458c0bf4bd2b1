int selva_placeholder(void);
