// The two servers of Argo CD that turn a repository into manifests, chosen by the name that this program is called by.
//
// Argo CD's own program holds all of its servers, controllers and the command line: a third of its 2,000 packages and
// most of the time that it takes to build are in what no test runs.  What is here starts as it does there (cmd/main.go).
package main

import (
	"fmt"
	"os"
	"path/filepath"

	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/cmd/util"
	"github.com/argoproj/argo-cd/v3/util/log"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func main() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	var command *cobra.Command
	name := filepath.Base(os.Args[0])
	switch name {
	case "argocd-repo-server":
		command = reposerver.NewCommand()
	case "argocd-cmp-server":
		command = cmpserver.NewCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
	default:
		fmt.Fprintf(os.Stderr, "error: %s: call this argocd-repo-server or argocd-cmp-server\n", name)
		os.Exit(2)
	}
	util.SetAutoMaxProcs(name == "argocd-cmp-server")
	if err := command.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
