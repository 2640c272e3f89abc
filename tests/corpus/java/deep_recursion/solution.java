public class Main {
  static long depth(long n) { return n == 0 ? 0 : depth(n - 1) + 1; }

  public static void main(String[] args) {
    System.out.println(depth(new java.util.Scanner(System.in).nextLong()));
  }
}
