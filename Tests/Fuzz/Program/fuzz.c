// libFuzzer brings main; it calls what Targets/Entry.swift exports.
int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size);

int (*stepgate_fuzz_entry)(const unsigned char *, unsigned long) = LLVMFuzzerTestOneInput;
