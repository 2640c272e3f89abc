import java.util.*;
import java.util.concurrent.*;

public class Main {
  public static void main(String[] args) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<Integer>> parts = new ArrayList<>();
    for (int i = 0; i < 100; ++i) {
      final int n = i;
      parts.add(pool.submit(() -> n * n));
    }
    int sum = 0;
    for (Future<Integer> part : parts) sum += part.get();
    pool.shutdown();
    System.out.println(sum);
  }
}
