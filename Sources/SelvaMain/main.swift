print("selva")
