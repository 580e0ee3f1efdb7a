import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** The Java library, driven by lines of JSON (README.md). */
public final class Client {
    private static final URI URL = URI.create(System.getenv("URL"));
    private static final Map<String, Socket> SOCKETS = new HashMap<>();
    /** What the library sends at each connection: it is read then, so that a renewed token is used. */
    private static final Map<String, String> AUTH = new ConcurrentHashMap<>();

    public static void main(String[] args) throws Exception {
        AUTH.put("token", System.getenv("TOKEN"));
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            var command = new JSONObject(line);
            switch (command.getString("do")) {
                case "connect" -> connect(command);
                case "emit" -> emit(command);
                case "token" -> AUTH.put("token", command.getString("token"));
                default -> throw new IllegalArgumentException(line);
            }
            tell(Map.of("did", command.getString("do")));
        }
        System.exit(0);
    }

    private static void connect(JSONObject command) throws JSONException {
        var options = IO.Options.builder()
            .setReconnectionDelay(500)
            .setReconnectionDelayMax(2000)
            .setAuth(command.has("auth") ? map(command.getJSONObject("auth")) : AUTH);
        if (command.has("transports")) {
            options.setTransports(strings(command.getJSONArray("transports")));
        }
        var built = options.build();
        var manager = new Manager(URL, built);
        String name = command.getString("socket");
        for (String namespace : strings(command.getJSONArray("namespaces"))) {
            Socket socket = manager.socket(namespace, built);
            if (namespace.equals("/")) {
                SOCKETS.put(name, socket);
            }
            socket.on(Socket.EVENT_CONNECT, args -> report(name, namespace, "connect", null));
            socket.on(Socket.EVENT_DISCONNECT, args -> report(name, namespace, "disconnect", args[0]));
            // What the server says, or an error of the library's own.
            socket.on(Socket.EVENT_CONNECT_ERROR, args -> report(name, namespace, "connect_error",
                args[0] instanceof Exception error ? new JSONObject(Map.of("message", error.toString())) : args[0]));
            socket.onAnyIncoming(args -> report(name, namespace, args[0], args.length > 1 ? args[1] : null));
            socket.connect();
        }
    }

    /** The library keeps what is emitted while there is no connection. */
    private static void emit(JSONObject command) throws JSONException {
        String name = command.getString("socket");
        var ack = command.get("ack");
        SOCKETS.get(name).emit(command.getString("event"), new Object[] {command.get("payload")},
            (Ack) args -> tell(Map.of("socket", name, "ack", ack, "payload", args[0])));
    }

    private static void report(String socket, String namespace, Object event, Object payload) {
        var line = new HashMap<String, Object>(Map.of("socket", socket, "namespace", namespace, "event", event));
        line.put("payload", payload);
        tell(line);
    }

    private static synchronized void tell(Map<String, Object> line) {
        System.out.println(new JSONObject(line));
    }

    private static String[] strings(JSONArray array) throws JSONException {
        var strings = new String[array.length()];
        for (int n = 0; n < strings.length; n++) {
            strings[n] = array.getString(n);
        }
        return strings;
    }

    private static Map<String, String> map(JSONObject object) throws JSONException {
        var map = new HashMap<String, String>();
        for (var keys = object.keys(); keys.hasNext(); ) {
            String key = (String) keys.next();
            map.put(key, object.getString(key));
        }
        return map;
    }
}
