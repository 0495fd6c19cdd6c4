// Declares tenon::name(operands...) for each row of the table that is included next; elementwise() without out.
#define UNARY(name, ...) TENON_API Tensor name(const Operand& x);
#define BINARY(name, ...) TENON_API Tensor name(const Operand& a, const Operand& b);
#define TERNARY(name, ...) TENON_API Tensor name(const Operand& a, const Operand& b, const Operand& c);
