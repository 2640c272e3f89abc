public class Main {
  public static void main(String[] args) throws Exception {
    java.util.List<Object> held = new java.util.ArrayList<>();
    while (true) held.add(new long[1 << 14]);
  }
}
