public class Main {
  public static void main(String[] args) throws Exception {
    while (true) {
      try {
        new ProcessBuilder("/bin/sleep", "100").start();
      } catch (java.io.IOException error) {
        Thread.sleep(1);
      }
    }
  }
}
