public class Main {
  public static void main(String[] args) throws Exception {
    byte[] line = "x".repeat(1 << 16).getBytes();
    while (true) System.out.write(line);
  }
}
