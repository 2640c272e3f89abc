public class Main {
  public static void main(String[] args) throws Exception {
    for (int port : new int[] {22, 80, 9092, 8080}) {
      try (var socket = new java.net.Socket()) {
        socket.connect(new java.net.InetSocketAddress("127.0.0.1", port), 200);
        System.out.println("LEAK " + port);
      } catch (java.io.IOException error) {
        System.out.println(port + ": " + error);
      }
    }
    for (var all = java.net.NetworkInterface.getNetworkInterfaces(); all != null && all.hasMoreElements(); ) {
      var one = all.nextElement();
      if (!one.isLoopback()) System.out.println("LEAK " + one);
    }
  }
}
