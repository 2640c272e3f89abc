public class Main {
  public static void main(String[] args) {
    int[] none = {};
    System.out.println(none[0]);
  }
}
