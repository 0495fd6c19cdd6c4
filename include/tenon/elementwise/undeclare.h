#undef UNARY
#undef BINARY
#undef TERNARY
