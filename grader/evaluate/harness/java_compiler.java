// javac, resident: started once, told what to compile on descriptor 5, answers on 6 (the form is in
// grader/evaluate/resident_compilers.h). Each compilation is what a javac of its own would do, in the same
// directory, by the same entry point with a context of its own; then the directory is emptied. What is asked is
// untrusted, but javac executes none of it: annotation processing is off in the command line that it is told.
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

class JavaCompiler {
  static final Path WORK = Path.of("").toAbsolutePath();
  static final Path TRUSTED = WORK.resolve(".farm");
  static final ToolProvider JAVAC = ToolProvider.findFirst("javac").orElseThrow();
  // Programs that are compiled before the first is asked for: until then javac is interpreted.
  static final int WARM_UPS = 6;
  static final String WARM_UP = """
      import java.io.*;
      import java.util.*;
      import java.util.function.*;
      import java.util.stream.*;
      public class Main {
        interface Shape { double area(); }
        record Square(double side) implements Shape { public double area() { return side * side; } }
        static <T extends Comparable<T>> T largest(List<T> all) { return Collections.max(all); }
        public static void main(String[] args) throws IOException {
          BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
          Map<String, List<Integer>> counted = new TreeMap<>();
          for (String line; (line = in.readLine()) != null; ) {
            StringTokenizer words = new StringTokenizer(line);
            while (words.hasMoreTokens()) counted.computeIfAbsent(words.nextToken(), k -> new ArrayList<>()).add(1);
          }
          int[][] grid = new int[3][4];
          for (int i = 0; i < grid.length; ++i) grid[i][i] += i % 2 == 0 ? 1 : -1;
          String shown = counted.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue().size())
              .collect(Collectors.joining(", "));
          System.out.println(shown + largest(Arrays.asList(1, 2)) + new Square(2).area());
        }
      }
      """;

  record Told(List<String> command, Map<String, byte[]> files) {}
  record Answer(int status, String stdout, String stderr, Map<String, byte[]> files) {}

  static Answer compile(Told told) throws IOException {
    for (var file : told.files.entrySet()) {
      Path path = WORK.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    // -J… are for the JVM that javac would start.
    String[] arguments = told.command.stream().skip(1).filter(word -> !word.startsWith("-J")).toArray(String[]::new);
    StringWriter out = new StringWriter(), err = new StringWriter();
    int status = JAVAC.run(new PrintWriter(out), new PrintWriter(err), arguments);
    Map<String, byte[]> classes = new TreeMap<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(WORK, "*.class")) {
      for (Path path : found)
        if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) classes.put(path.getFileName().toString(), Files.readAllBytes(path));
    }
    empty();
    return new Answer(status, out.toString(), err.toString(), classes);
  }

  // All but the trusted files, deepest first.
  static void empty() throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(WORK)) {
      all = walk.filter(path -> !path.equals(WORK) && !path.startsWith(TRUSTED)).sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) Files.delete(path);
  }

  static String text(DataInputStream in) throws IOException {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  static byte[] bytes(DataInputStream in) throws IOException {
    return in.readNBytes(in.readInt());
  }

  static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static Told told(DataInputStream in) throws IOException {
    in.readInt(); // the length of all that follows
    List<String> command = new ArrayList<>();
    for (int left = in.readInt(); left > 0; --left) command.add(text(in));
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int left = in.readInt(); left > 0; --left) files.put(text(in), bytes(in));
    return new Told(command, files);
  }

  static byte[] encoded(Answer answer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(answer.status);
    write(out, answer.stdout.getBytes(StandardCharsets.UTF_8));
    write(out, answer.stderr.getBytes(StandardCharsets.UTF_8));
    out.writeInt(answer.files.size());
    for (var file : answer.files.entrySet()) {
      write(out, file.getKey().getBytes(StandardCharsets.UTF_8));
      write(out, file.getValue());
    }
    return bytes.toByteArray();
  }

  // The class library opens paths only, and a socket has none.
  static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
    var constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
    constructor.setAccessible(true);
    return constructor.newInstance(number);
  }

  public static void main(String[] none) throws Exception {
    var in = new DataInputStream(new BufferedInputStream(new FileInputStream(descriptor(5))));
    var out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(descriptor(6))));
    Told warmUp = new Told(List.of("javac", "-proc:none", "Main.java"), Map.of("Main.java", WARM_UP.getBytes(StandardCharsets.UTF_8)));
    for (int i = 0; i < WARM_UPS; ++i) compile(warmUp);
    int threads = Thread.activeCount();
    write(out, new byte[0]);
    out.flush();
    while (true) {
      Answer answer = compile(told(in));
      // A thread of javac's own would outlive this compilation.
      if (Thread.activeCount() != threads) System.exit(1);
      write(out, encoded(answer));
      out.flush();
    }
  }
}
