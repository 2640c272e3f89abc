public class Main {
  x y = z;  // repeated
}
