public class Main {
  public static void main(String[] args) throws Exception {
    java.nio.file.Files.createSymbolicLink(java.nio.file.Path.of("output.txt"), java.nio.file.Path.of("/etc/passwd"));
  }
}
