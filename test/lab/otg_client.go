// What a Go program of a user does with the server: prints one JSON document. Arguments: location, transport.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/open-traffic-generator/snappi/gosnappi"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	api := gosnappi.NewApi()
	if os.Args[2] == "grpc" {
		api.NewGrpcTransport().SetLocation(os.Args[1])
	} else {
		api.NewHttpTransport().SetLocation(os.Args[1])
	}
	api.SetVersionCompatibilityCheck(true)

	config := gosnappi.NewConfig()
	config.Ports().Add().SetName("p1").SetLocation("p1")
	config.Ports().Add().SetName("p2").SetLocation("p2")
	config.Layer1().Add().SetName("l1").SetPortNames([]string{"p1", "p2"}).SetSpeed(gosnappi.Layer1Speed.SPEED_1_GBPS)
	config.Captures().Add().SetName("c").SetPortNames([]string{"p2"}).SetFormat(gosnappi.CaptureFormat.PCAP)
	flow := config.Flows().Add().SetName("f1")
	flow.TxRx().Port().SetTxName("p1").SetRxNames([]string{"p2"})
	flow.Size().SetFixed(128)
	flow.Rate().SetPps(500)
	flow.Duration().FixedPackets().SetPackets(100)
	flow.Metrics().SetEnable(true).SetLoss(true)
	flow.Packet().Add().Ethernet().Src().SetValue("02:00:00:00:ff:01")
	ip := flow.Packet().Add().Ipv4()
	ip.Src().SetValue("198.18.0.1")
	ip.Dst().SetValue("198.18.1.1")
	udp := flow.Packet().Add().Udp()
	udp.SrcPort().Increment().SetStart(5000).SetStep(1).SetCount(1000)
	udp.DstPort().SetValue(9)
	warnings, err := api.SetConfig(config)
	check(err)

	state := gosnappi.NewControlState()
	state.Port().Capture().SetState(gosnappi.StatePortCaptureState.START)
	_, err = api.SetControlState(state)
	check(err)
	state = gosnappi.NewControlState()
	state.Traffic().FlowTransmit().SetState(gosnappi.StateTrafficFlowTransmitState.START)
	_, err = api.SetControlState(state)
	check(err)

	request := gosnappi.NewMetricsRequest()
	request.Flow().SetFlowNames([]string{})
	var row gosnappi.FlowMetric
	for row == nil || row.Transmit() != gosnappi.FlowMetricTransmit.STOPPED || row.FramesRx() != 100 {
		time.Sleep(20 * time.Millisecond)
		answer, err := api.GetMetrics(request)
		check(err)
		row = answer.FlowMetrics().Items()[0]
	}
	capture, err := api.GetCapture(gosnappi.NewCaptureRequest().SetPortName("p2"))
	check(err)

	config.Lags().Add().SetName("lag")
	_, err = api.SetConfig(config)
	refusal, _ := gosnappi.FromError(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"warnings": warnings.Warnings(), "name": row.Name(), "sent": row.FramesTx(), "received": row.FramesRx(),
		"loss": row.Loss(), "capture": capture, "errors": refusal.Errors(), "kind": refusal.Kind(),
	}))
}
