public class Main {
  public static void main(String[] args) throws Exception {
    for (String path : new String[] {"/etc/shadow", "/proc/1/environ", "/proc/kcore", "/root/.profile", "/etc/machine-id"}) {
      try {
        System.out.println("LEAK " + path + " " + java.nio.file.Files.readString(java.nio.file.Path.of(path)));
      } catch (Exception error) {
        System.out.println(path + ": " + error);
      }
    }
  }
}
