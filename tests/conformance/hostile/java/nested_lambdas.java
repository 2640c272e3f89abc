import java.util.concurrent.Callable;

public class Main {
  static void run(Runnable task) {}
  static <T> T run(Callable<T> task) { return null; }

  public static void main(String[] args) {
    run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> run(() -> null))))))))))))))))))))))))))))))))))))))));
  }
}
