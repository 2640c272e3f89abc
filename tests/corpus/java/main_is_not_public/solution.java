public class Helper {
  static int twice(int x) { return 2 * x; }
}

class Program {
  public static void main(String[] args) {
    System.out.println(Helper.twice(new java.util.Scanner(System.in).nextInt()));
  }
}
