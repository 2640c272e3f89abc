public class Main {
  public static void main(String[] args) throws Exception {
    java.util.List<Object> held = new java.util.ArrayList<>();
    while (true) {
      try {
        held.add(new long[1 << 14]);
      } catch (OutOfMemoryError error) {
        held.add(new byte[1]);
      }
    }
  }
}
