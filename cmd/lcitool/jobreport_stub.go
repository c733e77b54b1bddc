package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

type jobReport struct{}

func parseReports(*cobra.Command, []string) ([]jobReport, error)                  { return nil, nil }
func (a *app) writeReports([]jobReport, *jobrecord.Run, string) error { return nil }
