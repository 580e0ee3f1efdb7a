// The Go library, driven by lines of JSON (../README.md).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	engine "github.com/zishang520/socket.io/clients/engine/v3"
	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

type command struct {
	Do         string         `json:"do"`
	Socket     string         `json:"socket"`
	Namespaces []string       `json:"namespaces"`
	Transports []string       `json:"transports"`
	Auth       map[string]any `json:"auth"`
	Event      string         `json:"event"`
	Payload    any            `json:"payload"`
	Ack        *int           `json:"ack"`
	Token      string         `json:"token"`
}

type line map[string]any

var (
	writing sync.Mutex
	sockets = map[string]*socket.Socket{}
	// What the library sends at each connection: it is read then, so that a renewed token is used.
	auth = map[string]any{"token": os.Getenv("TOKEN")}
)

func tell(line line) {
	bytes, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	writing.Lock()
	defer writing.Unlock()
	fmt.Println(string(bytes))
}

func connect(command command) {
	options := socket.DefaultOptions()
	options.SetReconnectionDelay(500)
	options.SetReconnectionDelayMax(2000)
	// The library does not notice a connection that is refused, but waits for so long, 20 s by default.
	options.SetTimeout(2 * time.Second)
	if command.Transports != nil {
		chosen := types.NewSet[engine.TransportCtor]()
		for _, name := range command.Transports {
			chosen.Add(map[string]engine.TransportCtor{"polling": transports.Polling, "websocket": transports.WebSocket}[name])
		}
		options.SetTransports(chosen)
	}
	manager := socket.NewManager(os.Getenv("URL"), options)
	for _, namespace := range command.Namespaces {
		own := socket.DefaultSocketOptions()
		own.SetAuth(auth)
		if command.Auth != nil {
			own.SetAuth(command.Auth)
		}
		client := manager.Socket(namespace, own)
		if namespace == "/" {
			sockets[command.Socket] = client
		}
		report := func(event any, payload any) {
			tell(line{"socket": command.Socket, "namespace": namespace, "event": event, "payload": payload})
		}
		client.On("connect", func(...any) { report("connect", nil) })
		client.On("disconnect", func(args ...any) { report("disconnect", args[0]) })
		client.On("connect_error", func(args ...any) { report("connect_error", line{"message": fmt.Sprint(args[0]), "data": args[0]}) })
		client.OnAny(func(args ...any) { report(args[0], append(args, nil)[1]) })
		client.Connect()
	}
}

// The library keeps what is emitted while there is no connection.
func emit(command command) {
	args := []any{command.Payload}
	if command.Ack != nil {
		args = append(args, func(answer []any, _ error) {
			if len(answer) > 0 {
				tell(line{"socket": command.Socket, "ack": *command.Ack, "payload": answer[0]})
			}
		})
	}
	if err := sockets[command.Socket].Emit(command.Event, args...); err != nil {
		panic(err)
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var command command
		if err := json.Unmarshal(lines.Bytes(), &command); err != nil {
			panic(err)
		}
		switch command.Do {
		case "connect":
			connect(command)
		case "emit":
			emit(command)
		case "token":
			auth["token"] = command.Token
		}
		tell(line{"did": command.Do})
	}
}
