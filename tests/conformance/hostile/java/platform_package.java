package java.lang;

public class Math {
  public static long max(long a, long b) { return 0; }
}
