import java.nio.file.*;

public class Main {
  public static void main(String[] args) throws Exception {
    Files.writeString(Path.of("out.txt"), "kept\n");
    System.out.println(args.length + " " + args[0]);
  }
}
